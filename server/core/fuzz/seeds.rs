// The seeds of the fuzz targets, as tests; shared by the packages that have targets.

use std::fs;
use std::path::Path;

/// Runs a target on each of its seeds.
pub(super) fn run(target: &str, body: fn(&[u8])) {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let folders = package.flat_map(|folder| {
        ["fuzz/seeds", "server/core/fuzz/seeds"].map(|seeds| folder.join(seeds))
    });
    let folder = folders
        .map(|seeds| seeds.join(target))
        .find(|seeds| seeds.is_dir());
    let seeds = fs::read_dir(folder.expect("each target has seeds")).unwrap();
    for seed in seeds {
        let path = seed.unwrap().path();
        println!("{}", path.display());
        body(&fs::read(path).unwrap());
    }
}

//! The manual page, made of the command line itself: all commands on one page.

use std::io::{self, Write};

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::args::Args;
use crate::judge::exit::Exit;

/// The exit codes; a test holds them to the enum.
const EXITS: [(u8, &str); 9] = [
    (Exit::Pass as u8, "pass"),
    (Exit::Internal as u8, "internal error"),
    (Exit::Usage as u8, "usage"),
    (Exit::SloFailed as u8, "a promise (--slo) was not kept"),
    (Exit::Invalid as u8, "INVALID: the figures mean nothing"),
    (Exit::WrongDelivery as u8, "wrong delivery"),
    (Exit::Preflight as u8, "preflight: it can't run here"),
    (Exit::Regression as u8, "regression: B is worse than A"),
    (Exit::Interrupted as u8, "interrupted"),
];

/// Prints the page.
pub(super) fn run() -> anyhow::Result<Exit> {
    let page = page().context("cannot make the manual page")?;
    io::stdout()
        .write_all(&page)
        .context("cannot write the manual page")?;
    Ok(Exit::Pass)
}

/// The page in roff: the program, each command with its flags, the exit codes.
fn page() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let mut command = Args::command();
    command.build();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    for sub in command.get_subcommands() {
        render_command(sub, &mut page)?;
    }
    render_exits(&mut page)?;
    Ok(page)
}

/// One command as a section: what it does, how it is typed, its flags.
fn render_command(sub: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    writeln!(page, ".SH \"COMMAND {}\"", sub.get_name().to_uppercase())?;
    let mut own = Vec::new();
    let man = Man::new(sub.clone());
    man.render_synopsis_section(&mut own)?;
    man.render_description_section(&mut own)?;
    man.render_options_section(&mut own)?;
    // Its sections are parts of this one.
    let text = String::from_utf8_lossy(&own).replace("\n.SH ", "\n.SS ");
    page.write_all(
        text.replacen(".SH ", ".SS ", usize::from(text.starts_with(".SH ")))
            .as_bytes(),
    )
}

fn render_exits(page: &mut Vec<u8>) -> io::Result<()> {
    writeln!(page, ".SH \"EXIT STATUS\"")?;
    for (code, meaning) in EXITS {
        writeln!(page, ".TP\n{code}\n{meaning}")?;
    }
    writeln!(page, ".PP\nIf several, 5 before 4 before 3.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_command_with_its_flags_and_every_exit_code() {
        let page = String::from_utf8(page().unwrap()).unwrap();
        for sub in Args::command().get_subcommands() {
            let title = format!(".SH \"COMMAND {}\"\n", sub.get_name().to_uppercase());
            let begin = page.find(&title).unwrap_or_else(|| panic!("{title}"));
            let section = &page[begin + title.len()..];
            let section = &section[..section.find("\n.SH ").unwrap_or(section.len())];
            for flag in sub.get_arguments().filter_map(clap::Arg::get_long) {
                let flag = flag.replace('-', "\\-");
                assert!(section.contains(&format!("\\-\\-{flag}")), "{title}{flag}");
            }
        }
        let help = Args::command().get_long_about().map(ToString::to_string);
        let help = help.unwrap_or_default();
        for (code, _) in EXITS {
            assert!(page.contains(&format!("\n.TP\n{code}\n")), "{code}");
            assert!(help.contains(&format!("{code} ")), "{code} is in --help");
        }
    }
}

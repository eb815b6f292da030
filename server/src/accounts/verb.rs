//! `wacd account`: registers names, and changes their passwords.

use std::path::Path;
use std::process::ExitCode;

use wac_core::name::Name;
use wac_settings::Problems;

use super::{file, hash, prompt};
use crate::config::verbs::AccountAction;
use crate::process::terminal::say;

/// What is left to do after a change.
const RELOAD: &str = "a running server takes it over with `wacd reload`";

/// Does what was asked with a file of accounts.
///
/// # Errors
/// [`Problems`] if the request or the file is wrong; otherwise why nothing was done.
pub fn operate(
    path: Option<&Path>,
    action: AccountAction,
    name: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let Some(path) = path else {
        return Err(wrong(
            "there is no file of accounts; name it with --accounts, or as accounts in the configuration file",
        ));
    };
    match (action, name) {
        (AccountAction::List, None) => list(path)?,
        (AccountAction::List, Some(_)) => return Err(wrong("list takes no NAME")),
        (_, None) => return Err(wrong("NAME is missing")),
        (AccountAction::Add, Some(name)) => add(path, parsed(name)?)?,
        (AccountAction::Passwd, Some(name)) => change(path, &parsed(name)?)?,
        (AccountAction::Remove, Some(name)) => remove(path, &parsed(name)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn wrong(why: impl Into<String>) -> anyhow::Error {
    Problems(vec![why.into()]).into()
}

fn parsed(name: &str) -> anyhow::Result<Name> {
    name.parse()
        .map_err(|why| wrong(format!("NAME: not a name: {why}")))
}

fn list(path: &Path) -> anyhow::Result<()> {
    let text = file::read(path).map_err(Problems)?;
    text.accounts().for_each(|(name, _)| say(name));
    Ok(())
}

fn add(path: &Path, name: Name) -> anyhow::Result<()> {
    // Asked for only if it is wanted; what others do meanwhile is looked at again.
    file::read_or_begin(path)
        .map_err(Problems)?
        .may_add(&name)?;
    let hash = hash(&prompt::new_password(name.as_str())?)?;
    let added = name.clone();
    file::change(path, |text| Ok(text.add(name, hash)?))?;
    say(format_args!("{added} is registered; {RELOAD}"));
    Ok(())
}

fn change(path: &Path, name: &Name) -> anyhow::Result<()> {
    file::read(path).map_err(Problems)?.find(name)?;
    let hash = hash(&prompt::new_password(name.as_str())?)?;
    file::change(path, |text| Ok(text.change(name, hash)?))?;
    say(format_args!("{name} has another password; {RELOAD}"));
    Ok(())
}

fn remove(path: &Path, name: &Name) -> anyhow::Result<()> {
    file::change(path, |text| Ok(text.remove(name)?))?;
    say(format_args!("{name} is registered no more; {RELOAD}"));
    Ok(())
}

//! Manual page and shell completions, generated from the command line and the tables.

mod recipes;

use clap::{Arg, ArgAction, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

pub(crate) use self::recipes::RECIPES;
use crate::app::{commands, exit};
use crate::cli::config::program;

/// Returns the manual page in roff: `man -l` shows it.
pub(crate) fn page() -> String {
    let mut page = Vec::new();
    let mut command = program().command().clone();
    command.build();
    let man = Man::new(command.clone());
    let sections = [
        Man::render_title,
        Man::render_name_section,
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
    ];
    for render in sections {
        render(&man, &mut page).expect("memory takes what is written");
    }
    let told = command.get_subcommands();
    for sub in told.filter(|sub| sub.get_name() != "help") {
        page.extend(of_command(sub));
    }
    page.extend(of_tables().render().bytes());
    String::from_utf8(page).expect("texts are made of texts")
}

/// Returns the completions for a shell.
pub(crate) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program().command().clone(), "wac", &mut script);
    String::from_utf8(script).expect("completions are text")
}

/// Returns the section of a command: its usage, description and own flags.
fn of_command(command: &Command) -> Vec<u8> {
    let title = format!("wac {}", command.get_name());
    let own = command.clone().mut_args(hide_common);
    let mut section = Vec::new();
    let man = Man::new(own);
    for render in [
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
    ] {
        render(&man, &mut section).expect("memory takes what is written");
    }
    // Its sections become subsections.
    let section = String::from_utf8(section).expect("texts are made of texts");
    let head = Roff::new().control("SH", [title.as_str()]).render();
    [head, section.replace(".SH ", ".SS ")]
        .concat()
        .into_bytes()
}

/// Hides the arguments common to all commands, which the page describes once.
fn hide_common(arg: Arg) -> Arg {
    let common = arg.is_global_set() || arg.get_id() == "help";
    arg.hide(common)
}

fn of_tables() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["IN THE CHAT"]);
    roff.text([roman("An unambiguous prefix of a command is enough.")]);
    for command in &commands::COMMANDS {
        item(&mut roff, [bold(command.usage())], command.does);
    }
    item(&mut roff, [bold("//"), italic("TEXT")], "says /TEXT");
    item(&mut roff, [italic("TEXT")], "says it to everyone");
    roff.control("SH", ["KEYS"]);
    for (keys, does) in commands::KEYS {
        item(&mut roff, [bold(keys)], does);
    }
    settings(&mut roff);
    recipes(&mut roff);
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in exit::CODES {
        item(&mut roff, [bold(code)], meaning);
    }
    roff
}

fn item<const N: usize>(roff: &mut Roff, head: [Inline; N], text: &str) {
    roff.control("TP", []);
    roff.text(head);
    roff.text([roman(text)]);
}

fn settings(roff: &mut Roff) {
    roff.control("SH", ["WHERE SETTINGS COME FROM"]);
    roff.text([roman(
        "A flag overrides the environment, the environment the profile that --profile selects, the \
         profile the rest of the file. The file, in TOML, is $XDG_CONFIG_HOME/wac/client.toml, \
         else ~/.config/wac/client.toml; wac config prints the settings in effect and their \
         origins. It takes:",
    )]);
    for arg in program().keys() {
        let key = arg.get_long().unwrap_or_default();
        item(roff, [bold(key)], &described(arg));
    }
    roff.control("PP", []);
    roff.text([roman("For example:")]);
    example(roff, EXAMPLE);
    roff.control("PP", []);
    roff.text([roman(
        "The keys of tls: servers are kept, from the first connection on, in \
         $XDG_STATE_HOME/wac/known_servers, else ~/.local/state/wac/known_servers: a line \
         HOST:PORT sha256:HEX for each. A server with another key is not connected to until its \
         line is removed.",
    )]);
}

/// Describes a setting: its meaning, its values, its variable.
fn described(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let does = help.strip_prefix("Sets ").unwrap_or(&help);
    let words: Vec<String> = arg
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    match (does.split_once(" [env: "), arg.get_action()) {
        (Some((does, variable)), ArgAction::Append) => {
            format!("{does}, separated by commas; in the file also a list [env: {variable}")
        }
        (Some((does, variable)), ArgAction::Set) if !words.is_empty() => {
            format!("{does}: {} [env: {variable}", words.join(", "))
        }
        _ => does.to_owned(),
    }
}

/// An example of a settings file.
const EXAMPLE: &str = "name = \"ann\"

[profile.work]
host = \"tls:chat.work.example\"
password-file = \"/home/ann/.config/wac/work.password\"";

fn recipes(roff: &mut Roff) {
    roff.control("SH", ["RECIPES"]);
    for (what, script) in RECIPES {
        roff.control("SS", [what]);
        example(roff, script);
    }
}

fn example(roff: &mut Roff, text: &str) {
    roff.control("EX", []);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("EE", []);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::CommandLine;
    use clap::CommandFactory;

    fn flags(command: &Command) -> impl Iterator<Item = &str> {
        command.get_arguments().filter_map(Arg::get_long)
    }

    /// Returns the page without roff escapes.
    fn plain_page() -> String {
        let page = page().replace("\\-", "-").replace("\\*(Aq", "'");
        page.replace("\\fB", "")
            .replace("\\fI", "")
            .replace("\\fR", "")
    }

    #[test]
    fn page_and_readme_have_every_flag_of_every_command() {
        let (page, readme) = (plain_page(), include_str!("../../../README.md"));
        let command = CommandLine::command();
        for command in [&command].into_iter().chain(command.get_subcommands()) {
            for flag in flags(command).filter(|flag| !["help", "version"].contains(flag)) {
                let flag = format!("--{flag}");
                assert!(page.contains(&flag), "{flag} is on the page");
                assert!(readme.contains(&flag), "{flag} is in the README");
            }
        }
        for command in command.get_subcommands() {
            let usage = format!("wac {}", command.get_name());
            assert!(page.contains(&format!(".SH \"{usage}\"\n")), "{usage}");
            assert!(readme.contains(&format!("`{usage}")), "{usage}");
        }
    }

    #[test]
    fn page_help_and_slash_help_have_every_command_of_the_chat() {
        let (page, help) = (
            plain_page(),
            CommandLine::command().render_help().to_string(),
        );
        let slash_help = commands::overview()
            .iter()
            .map(ToString::to_string)
            .collect::<String>();
        for command in &commands::COMMANDS {
            for (text, place) in [(&page, "page"), (&help, "--help"), (&slash_help, "/help")] {
                assert!(text.contains(&command.usage()), "{} {place}", command.word);
                assert!(text.contains(command.does), "{} {place}", command.word);
            }
        }
        for (keys, does) in commands::KEYS {
            assert!(page.contains(&format!("{keys}\n{does}\n")), "{keys}");
            assert!(help.contains(does), "{keys}");
        }
    }

    #[test]
    fn page_and_help_have_every_exit_code() {
        let (page, help) = (
            plain_page(),
            CommandLine::command().render_help().to_string(),
        );
        for (code, meaning) in exit::CODES {
            assert!(page.contains(&format!("{code}\n{meaning}\n")), "{code}");
            let mut lines = help.lines().map(str::trim);
            let told = lines.any(|line| line.starts_with(code) && line.ends_with(meaning));
            assert!(told, "{code}");
        }
    }

    #[test]
    fn page_and_readme_have_every_setting_and_recipe() {
        let (page, readme) = (plain_page(), include_str!("../../../README.md"));
        let program = program();
        for key in program.keys().filter_map(Arg::get_long) {
            assert!(page.contains(&program.variable(key)), "{key}");
        }
        for (what, script) in RECIPES {
            assert!(page.contains(&format!(".SS \"{what}\"\n")), "{what}");
            assert!(readme.contains(script), "{what}");
        }
        assert!(readme.contains(EXAMPLE));
    }

    #[test]
    fn completions_know_every_flag() {
        let command = CommandLine::command();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completions(shell);
            for command in [&command].into_iter().chain(command.get_subcommands()) {
                for flag in flags(command) {
                    assert!(script.contains(flag), "{shell}: {flag}");
                }
            }
        }
    }
}

//! The subcommands of `karwan tx`, made from the ledger's description of every kind of instruction.

mod help;
#[cfg(test)]
mod tests;

use crate::files;
use crate::instruction::{
    Field, Form, Kind, Leaf, Offer, Spelling, build, kinds, leaves, read_list, read_value, same,
};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Subcommand};
use karwan_ledger::Operation;
use karwan_types::Timestamp;
use std::path::Path;
use toml::{Table, Value};

/// The largest file that an option names, in bytes.
const FILE_BYTES_MAX: usize = 4 << 20;
/// What stands before the name of a file where a word may stand too.
const FILE_MARK: char = '@';
/// What stands between a name and what is said under it.
const NAME_MARK: char = '=';

/// An instruction as it was typed.
pub(super) struct Instruction {
    kind: &'static Kind,
    given: Vec<(&'static Field, Vec<String>)>,
}

impl Instruction {
    /// The operation that the options describe; `now` is what `+30m` counts from.
    pub(super) fn operation(&self, now: Timestamp) -> anyhow::Result<Operation> {
        let mut table = Table::new();
        for (field, texts) in &self.given {
            table.insert(field.key.clone(), value(field, texts)?);
        }
        build(self.kind, &table, now, Spelling::Options)
    }
}

impl Subcommand for Instruction {
    fn augment_subcommands(command: Command) -> Command {
        command.subcommands(kinds().iter().map(subcommand))
    }
    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }
    fn has_subcommand(name: &str) -> bool {
        kinds().iter().any(|kind| kind.command == name)
    }
}

impl FromArgMatches for Instruction {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let chosen = matches.subcommand().and_then(|(name, given)| {
            let kind = kinds().iter().find(|kind| kind.command == name)?;
            Some((kind, given))
        });
        let Some((kind, given)) = chosen else {
            let sentence = "a kind of instruction is needed\n";
            return Err(clap::Error::raw(ErrorKind::MissingSubcommand, sentence));
        };
        let typed = |leaf: Leaf<'static>| {
            let texts = given.get_many::<String>(&leaf.field.option)?;
            Some((leaf.field, texts.cloned().collect()))
        };
        Ok(Self {
            kind,
            given: offered(&kind.fields)
                .into_iter()
                .filter_map(typed)
                .collect(),
        })
    }
    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The fields that people are offered, those first that must be given.
fn offered(fields: &[Field]) -> Vec<Leaf<'_>> {
    let mut offered = leaves(fields);
    offered.retain(|leaf| leaf.field.offer != Offer::Hidden);
    offered.sort_by_key(|leaf| !leaf.is_required);
    offered
}

/// How texts become the value of a field.
enum Shape {
    Word,
    Words,
    /// A file with an array of tables.
    ListFile,
    /// A file with one object.
    ObjectFile,
    /// A word, a name with its word, or the file that stands after a mark.
    WordOrFile,
}

fn shape(form: &Form) -> Shape {
    match form {
        Form::Word(_) | Form::Choice(_) | Form::Number | Form::Boolean => Shape::Word,
        Form::List(inner) if inner.is_plain() => Shape::Words,
        Form::List(_) | Form::Objects(_) => Shape::ListFile,
        Form::Object(_) | Form::Document(_) => Shape::ObjectFile,
        Form::Tagged(_) | Form::Free => Shape::WordOrFile,
    }
}

fn value(field: &Field, texts: &[String]) -> anyhow::Result<Value> {
    let text = texts.first().map(String::as_str).unwrap_or_default();
    let path = Path::new(text.strip_prefix(FILE_MARK).unwrap_or(text));
    Ok(match shape(&field.form) {
        Shape::Words => Value::from(texts.to_vec()),
        Shape::ListFile => read_list(field, path, &files::read_text(path, FILE_BYTES_MAX)?)?,
        Shape::ObjectFile => read_value(path, &files::read_text(path, FILE_BYTES_MAX)?)?,
        Shape::WordOrFile if text.starts_with(FILE_MARK) => {
            read_value(path, &files::read_text(path, FILE_BYTES_MAX)?)?
        }
        Shape::WordOrFile => named(&field.form, text).unwrap_or_else(|| Value::from(text)),
        Shape::Word => Value::from(text),
    })
}

/// `name=word` for one of several things of which each has a name.
fn named(form: &Form, text: &str) -> Option<Value> {
    let Form::Tagged(variants) = form else {
        return None;
    };
    let (name, word) = text.split_once(NAME_MARK)?;
    let variant = variants.iter().find(|one| same(&one.name, name))?;
    variant.word()?;
    Some(Value::Table(Table::from_iter([(
        variant.name.clone(),
        Value::from(word),
    )])))
}

fn subcommand(kind: &'static Kind) -> Command {
    let arguments = offered(&kind.fields);
    Command::new(kind.command.as_str())
        .about(kind.about())
        .long_about(kind.description.as_str())
        .args(arguments.iter().map(argument))
        .after_help(help::after(kind))
}

fn argument(leaf: &Leaf<'static>) -> Arg {
    let field = leaf.field;
    let argument = Arg::new(field.option.as_str())
        .value_name(help::value_name(&field.form))
        .required(leaf.is_required)
        .help(help::sentence(field));
    let argument = match field.offer {
        Offer::Positional => argument,
        Offer::Option | Offer::Hidden => {
            let without_dashes = |option: &'static str| option.trim_start_matches('-');
            let argument = argument.long(without_dashes(&field.option));
            match &field.option_alias {
                Some(alias) => argument.visible_alias(without_dashes(alias)),
                None => argument,
            }
        }
    };
    match &field.form {
        Form::Choice(choices) => {
            let words = choices.iter().map(|choice| {
                let word = PossibleValue::new(choice.name.as_str());
                if choice.description.is_empty() {
                    word
                } else {
                    word.help(choice.description.as_str())
                }
            });
            argument
                .value_parser(PossibleValuesParser::new(words))
                .ignore_case(true)
        }
        // The name of the option alone says yes.
        Form::Boolean => argument
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        Form::List(inner) if inner.is_plain() => argument.action(ArgAction::Append),
        Form::Word(_)
        | Form::Number
        | Form::List(_)
        | Form::Object(_)
        | Form::Document(_)
        | Form::Objects(_)
        | Form::Tagged(_)
        | Form::Free => argument,
    }
}

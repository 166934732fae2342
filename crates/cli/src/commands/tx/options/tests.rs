//! What is typed and what it becomes.

use super::*;
use crate::instruction::tests::{NOW, table_of};
use crate::testing::Folder;
use clap::CommandFactory;

fn command() -> Command {
    let command = crate::Cli::command();
    command.find_subcommand("tx").unwrap().clone()
}

/// The operation of a command line after `karwan tx`.
fn typed(words: &[&str]) -> Result<Operation, String> {
    let line = ["tx"].iter().chain(words);
    let matches = command()
        .try_get_matches_from(line)
        .map_err(|error| error.to_string())?;
    let instruction = Instruction::from_arg_matches(&matches).map_err(|error| error.to_string())?;
    instruction
        .operation(NOW)
        .map_err(|error| format!("{error:#}"))
}

const PAY: [&str; 9] = [
    "pay",
    "--from",
    "KRVNPKKA",
    "--to",
    "KGBIK:109001",
    "--currency",
    "PKR",
    "--amount",
    "12.50",
];

fn pay_and(more: &[&str]) -> Result<Operation, String> {
    typed(&[&PAY, more].concat())
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The words that an operator would type for a table, with files in `folder`.
fn line(kind: &Kind, table: &Table, folder: &Folder) -> Vec<String> {
    let mut line = vec![kind.command.clone()];
    for leaf in offered(&kind.fields) {
        let (name, outer) = leaf.path.split_last().unwrap();
        let inside = outer
            .iter()
            .try_fold(table, |table, name| table.get(*name)?.as_table());
        let Some(value) = inside.and_then(|table| table.get(*name)) else {
            continue;
        };
        let file = |table: Table| {
            let path = folder.path().join(format!("{}-{name}.toml", kind.command));
            std::fs::write(&path, toml::to_string(&table).unwrap()).unwrap();
            path.display().to_string()
        };
        let words = match (shape(&leaf.field.form), value) {
            (Shape::Words, Value::Array(words)) => words.iter().map(text).collect(),
            (Shape::ListFile, list) => {
                vec![file(Table::from_iter([((*name).to_owned(), list.clone())]))]
            }
            (Shape::ObjectFile, Value::Table(table)) => vec![file(table.clone())],
            (Shape::WordOrFile, Value::Table(table)) => vec![format!("@{}", file(table.clone()))],
            (_, word) => vec![text(word)],
        };
        for word in words {
            match (leaf.field.offer, &leaf.field.form) {
                (Offer::Positional, _) => line.push(word),
                (_, Form::Boolean) => line.push(format!("{}={word}", leaf.field.option)),
                _ => line.extend([leaf.field.option.clone(), word]),
            }
        }
    }
    line
}

#[test]
fn every_kind_has_a_subcommand_and_its_example_can_be_typed() {
    let folder = Folder::new();
    for (kind, example) in kinds().iter().zip(Operation::examples()) {
        let line = line(kind, &table_of(kind, &example), &folder);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let read = typed(&line).unwrap_or_else(|told| panic!("{line:?}: {told}"));
        // What is never typed is left out.
        let mut expected = serde_json::to_value(&example).unwrap();
        for leaf in leaves(&kind.fields) {
            let pointer = format!("/{}/{}", kind.name, leaf.path.join("/"));
            if let (Offer::Hidden, Some(value)) = (leaf.field.offer, expected.pointer_mut(&pointer))
            {
                let is_list = value.is_array();
                *value = if is_list {
                    Vec::<u8>::new().into()
                } else {
                    serde_json::Value::Null
                };
            }
        }
        assert_eq!(serde_json::to_value(&read).unwrap(), expected);
    }
}

#[test]
fn the_short_names_of_agents_and_accounts_are_kept() {
    let long = [
        "--debtor-account",
        "1",
        "--creditor-account",
        "2",
        "--priority",
        "urgt",
        "--uetr",
        "8a562c67-ca16-48ba-b074-65581be6f001",
    ];
    let short = long.map(|word| match word {
        "--debtor-account" => "--from-account",
        "--creditor-account" => "--to-account",
        other => other,
    });
    assert_eq!(pay_and(&long).unwrap(), pay_and(&short).unwrap());
}

#[test]
fn a_misspelt_option_names_the_nearest() {
    let told = pay_and(&["--reject-tim", "+5m"]).unwrap_err();
    assert!(told.contains("--reject-time"), "{told}");
    let told = typed(&["pay-bluk"]).unwrap_err();
    assert!(told.contains("pay-bulk"), "{told}");
}

#[test]
fn a_wrong_value_is_told_with_its_option_and_the_rule() {
    let mut line = PAY;
    line[8] = "1.005";
    let told = typed(&line).unwrap_err();
    assert!(
        told.starts_with("--amount 1.005: ") && told.contains("AM12"),
        "{told}"
    );
    let told = pay_and(&["--uetr", "X"]).unwrap_err();
    assert!(told.starts_with("--uetr X: "), "{told}");
    let told = pay_and(&["--priority", "LOW"]).unwrap_err();
    assert!(told.contains("URGT, HIGH, NORM"), "{told}");
    let told = typed(&PAY[..7]).unwrap_err();
    assert!(
        told.contains("required") && told.contains("--amount <AMOUNT>"),
        "{told}"
    );
    let told = typed(&["approve", "00"]).unwrap_err();
    assert!(told.starts_with("HASH 00: "), "{told}");
}

#[test]
fn a_hold_ends_at_a_time_or_after_a_while() {
    let mut line = PAY.to_vec();
    line[0] = "hold";
    line.extend(["--expires", "+5m"]);
    let Operation::Hold(hold) = typed(&line).unwrap() else {
        panic!("another kind");
    };
    assert_eq!(hold.expires.millis(), NOW.millis() + 300_000);
}

#[test]
fn a_list_is_read_from_a_file_and_a_wrong_element_is_told_by_its_number() {
    let folder = Folder::new();
    let path = folder.path().join("payments.toml");
    let name = path.to_str().unwrap();
    let payment = "[[payments]]\nfrom = 'KRVNPKKA'\nto = 'KGBIK:109001'\ncurrency = 'KGS'\namount = '12.50'\n";
    std::fs::write(&path, payment.repeat(2)).unwrap();
    let Operation::PayBulk(bulk) = typed(&["pay-bulk", name]).unwrap() else {
        panic!("another kind");
    };
    let minor: Vec<_> = bulk.payments.iter().map(|one| one.amount.minor()).collect();
    assert_eq!(minor, [1_250, 1_250]);
    assert_ne!(bulk.payments[0].uetr, bulk.payments[1].uetr);
    let Operation::Linked(linked) = typed(&["linked", name]).unwrap() else {
        panic!("another kind");
    };
    assert_eq!(linked.legs.len(), 2);
    std::fs::write(
        &path,
        format!("{payment}{}", payment.replace("amount", "ammount")),
    )
    .unwrap();
    let told = typed(&["pay-bulk", name]).unwrap_err();
    assert!(
        told.contains("2: ammount is not known here; did you mean amount"),
        "{told}"
    );
    assert!(
        typed(&["pay-bulk", "/nowhere"])
            .unwrap_err()
            .contains("/nowhere")
    );
}

#[test]
fn help_reads_like_documentation() {
    let help = |name: &str| {
        let mut command = command();
        command.build();
        let found = command.find_subcommand_mut(name).unwrap();
        found.render_long_help().to_string()
    };
    let pay = help("pay");
    for said in [
        "One payment, signed for the debtor agent.",
        "The institution debited",
        "alias: --from",
        "--amount <AMOUNT>",
        "in major units",
        "a new one when left out",
        "NORM when left out",
        "Shared",
        "a BIC, an LEI, or SYSTEM:NUMBER",
    ] {
        assert!(pay.contains(said), "{said}: {pay}");
    }
    assert!(
        !pay.contains('`') && !pay.contains("--message-hash"),
        "{pay}"
    );
    let place = |option: &str| pay.find(option).unwrap();
    assert!(place("--creditor-agent") < place("--charge-bearer"));
    let bulk = help("pay-bulk");
    assert!(
        bulk.contains("[[payments]]") && bulk.contains("debtor_agent or from <AGENT>"),
        "{bulk}"
    );
}

#[test]
fn one_of_several_things_is_given_by_its_name_and_its_value() {
    let freeze = |subject: &str| {
        let words = [
            "freeze",
            "--jurisdiction",
            "PK",
            "--subject",
            subject,
            "--mode",
            "DEBIT",
            "--until",
            "+1h",
            "--legal-basis",
            "s.9",
            "--order-hash",
            "0606060606060606060606060606060606060606060606060606060606060606",
        ];
        typed(&words).map(|operation| {
            let value = serde_json::to_value(&operation).unwrap();
            value["Freeze"]["subject"].to_string()
        })
    };
    assert_eq!(
        freeze("account=INDUS-PKR").unwrap(),
        r#"{"Account":"INDUS-PKR"}"#
    );
    assert_eq!(freeze("currency=PKR").unwrap(), r#"{"Currency":"PKR"}"#);
    assert_eq!(freeze("CORRIDOR=KG").unwrap(), r#"{"Corridor":"KG"}"#);
    let lei = "529900T8BM49AURSDO55";
    let participant = freeze(&format!("participant={lei}")).unwrap();
    assert_eq!(participant, format!(r#"{{"Participant":"{lei}"}}"#));
    let wrong = freeze("currency=rupees").unwrap_err();
    assert!(
        wrong.contains("--subject") && wrong.contains("rupees"),
        "{wrong}"
    );
    let unknown = freeze("customer=Aida").unwrap_err();
    assert!(unknown.contains("Account"), "{unknown}");
}

//! Friendly values and what becomes of them.

use super::fields::TAKEN;
use super::schema::root;
use super::value::object;
use super::written::friendly;
use super::*;
use clap::CommandFactory;
use serde_json::Value as Json;
use std::path::Path;

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// An operation as people would write it.
pub(crate) fn table_of(kind: &Kind, operation: &Operation) -> Table {
    let json = serde_json::to_value(operation).unwrap();
    let members = json[kind.name].as_object().unwrap();
    friendly(&kind.fields, members, "PKR".parse().unwrap()).unwrap()
}

/// A table as it would be read from a file.
fn parsed(text: &str) -> Table {
    toml::from_str(text).unwrap()
}

fn refused(kind: &str, text: &str) -> String {
    format!("{:#}", operation(kind, &parsed(text), NOW).unwrap_err())
}

/// The fields of a kind that the ledger does not have, and the JSON that a table becomes.
fn read(schema: &Json, text: &str) -> Result<Json, String> {
    let scope = Scope {
        now: NOW,
        currency: None,
        spelling: Spelling::Keys,
        names: &NoNames,
    };
    let members = object(&root(schema, "kind"), &parsed(text), scope);
    members
        .map(Json::Object)
        .map_err(|error| format!("{error:#}"))
}

const PAY: &str = "from = 'KRVNPKKA'\nto = 'KGBIK:109001'\ncurrency = 'PKR'\namount = '12.50'\n";

#[test]
fn the_example_of_every_kind_can_be_written_and_is_read_back() {
    for (kind, example) in kinds().iter().zip(Operation::examples()) {
        let table = table_of(kind, &example);
        let text = toml::to_string(&table).unwrap();
        let read = operation(kind.name, &parsed(&text), NOW);
        assert_eq!(read.unwrap(), example, "{text}");
    }
}

#[test]
fn a_kind_is_found_in_any_spelling_and_a_misspelt_one_names_the_nearest() {
    for name in ["Pay", "pay", "PAY"] {
        assert_eq!(operation(name, &parsed(PAY), NOW).unwrap().name(), "Pay");
    }
    assert!(refused("PayBluk", PAY).contains("did you mean PayBulk"));
}

#[test]
fn an_amount_is_in_major_units_of_the_currency_beside_it() {
    let minor = |text: &str| {
        let read = operation("Pay", &parsed(text), NOW).map_err(|error| format!("{error:#}"))?;
        let Operation::Pay(pay) = read else {
            panic!("another kind");
        };
        Ok::<_, String>(pay.payment.amount.minor())
    };
    assert_eq!(minor(PAY), Ok(1_250));
    assert_eq!(minor(&PAY.replace("'12.50'", "12")), Ok(1_200));
    let wrong = minor(&PAY.replace("12.50", "1.005")).unwrap_err();
    assert!(
        wrong.contains("amount = \"1.005\"") && wrong.contains("AM12"),
        "{wrong}"
    );
    let wrong = minor(&PAY.replace("12.50", "-5")).unwrap_err();
    assert!(wrong.contains("AM12"), "{wrong}");
    let wrong = minor(&PAY.replace("'12.50'", "12.50")).unwrap_err();
    assert!(wrong.contains("quotes"), "{wrong}");
}

#[test]
fn an_amount_may_say_its_currency_itself() {
    let uetr = "uetr = '8a562c67-ca16-48ba-b074-65581be6f001'\n";
    let rest = format!("from = 'KRVNPKKA'\nto = 'ALATKG22'\n{uetr}");
    let read = |money: &str| operation("Pay", &parsed(&format!("{rest}{money}")), NOW);
    let apart = read("currency = 'PKR'\namount = '1250.50'").unwrap();
    for together in [
        "amount = '1 250.50 PKR'",
        "amount = '1250.50 PKR'",
        "amount = '1 250.50 PKR'\ncurrency = 'PKR'",
    ] {
        assert_eq!(read(together).unwrap(), apart, "{together}");
    }
    let refused = |money: &str| format!("{:#}", read(money).unwrap_err());
    let two = refused("amount = '1 250.50 PKR'\ncurrency = 'KGS'");
    assert!(two.contains("currency says \"KGS\""), "{two}");
    let groups = refused("amount = '12 50.50 PKR'");
    assert!(groups.contains("is not an amount"), "{groups}");
}

#[test]
fn fields_of_an_object_inside_may_stand_beside_it_or_in_it_and_only_once() {
    let uetr = "uetr = '8a562c67-ca16-48ba-b074-65581be6f001'\n";
    let beside = operation("Pay", &parsed(&format!("{PAY}{uetr}")), NOW).unwrap();
    let inside = format!("[payment]\n{PAY}{uetr}");
    assert_eq!(operation("Pay", &parsed(&inside), NOW).unwrap(), beside);
    let both = format!("{uetr}\n[payment]\n{PAY}");
    assert_eq!(operation("Pay", &parsed(&both), NOW).unwrap(), beside);
    let twice = refused("Pay", &format!("{PAY}debtor_agent = 'KRVNPKKA'"));
    assert!(twice.contains("given twice"), "{twice}");
}

#[test]
fn a_misspelt_key_names_the_nearest() {
    let told = refused("Pay", &PAY.replace("amount", "ammount"));
    assert!(
        told.contains("ammount") && told.contains("did you mean amount"),
        "{told}"
    );
    let told = refused("Pay", &format!("{PAY}form_account = 'x'"));
    assert!(told.contains("from_account"), "{told}");
    let told = refused("Approve", "hash = '00'");
    assert!(told.contains("known are instruction"), "{told}");
    let element = PAY.replace("amount", "ammount");
    let told = refused(
        "Linked",
        &format!("[[payments]]\n{PAY}[[payments]]\n{element}"),
    );
    assert!(told.contains("legs 2: ammount"), "{told}");
}

#[test]
fn what_is_missing_is_named() {
    let told = refused("Pay", &PAY.replace("currency = 'PKR'", ""));
    assert!(told.contains("currency"), "{told}");
    let told = refused("Pay", &PAY.replace("from = 'KRVNPKKA'", ""));
    assert!(
        told.contains("debtor_agent must be given: The institution debited"),
        "{told}"
    );
    let told = refused("Void", "agent = 'XX'\nuetr = 'x'");
    assert!(told.contains("agent = \"XX\": "), "{told}");
}

#[test]
fn times_count_from_now_or_are_absolute() {
    let expires = |text: &str| {
        let hold = operation("Hold", &parsed(&format!("{PAY}expires = {text}")), NOW);
        let Operation::Hold(hold) = hold.map_err(|error| format!("{error:#}"))? else {
            panic!("another kind");
        };
        Ok::<_, String>(hold.expires.millis())
    };
    assert_eq!(expires("'+30m'"), Ok(NOW.millis() + 1_800_000));
    assert_eq!(expires("'+2h'"), Ok(NOW.millis() + 7_200_000));
    assert_eq!(
        expires("'2026-11-23T10:00:00+05:00'"),
        Ok(1_795_410_000_000)
    );
    assert_eq!(expires("2026-11-23T05:00:00Z"), Ok(1_795_410_000_000));
    let wrong = expires("'+30'").unwrap_err();
    assert!(
        wrong.contains("expires = \"+30\"") && wrong.contains("10m"),
        "{wrong}"
    );
    assert!(expires("'tomorrow'").is_err());
}

#[test]
fn a_reference_that_is_left_out_is_new_and_is_the_one_that_is_told() {
    let [one, other] = [(); 2].map(|()| operation("Pay", &parsed(PAY), NOW).unwrap());
    assert_ne!(reference(&one), reference(&other));
    for example in Operation::examples() {
        let json = serde_json::to_value(&example).unwrap();
        let own = reference(&example).map(|uetr| uetr.to_string());
        let expected = match example.name() {
            "Pay" | "Hold" => json[example.name()]["payment"]["uetr"].as_str(),
            "Return" | "IssueRequest" | "RedeemRequest" => json[example.name()]["uetr"].as_str(),
            _ => continue,
        };
        assert_eq!(own.as_deref(), expected);
    }
}

#[test]
fn lists_are_read_from_toml_and_json() {
    let linked = kinds().iter().find(|kind| kind.name == "Linked").unwrap();
    let read = |name: &str, text: &str| read_list(&linked.fields[0], Path::new(name), text);
    let one = format!("[[payments]]\n{PAY}");
    let list = read("a.toml", &one).unwrap();
    assert_eq!(
        read("a.toml", &one.replace("payments", "legs")).unwrap(),
        list
    );
    let json = json!({ "legs": [{
        "from": "KRVNPKKA", "to": "KGBIK:109001", "currency": "PKR", "amount": "12.50", "purpose": null
    }] });
    assert_eq!(read("a.json", &json.to_string()).unwrap(), list);
    let told = format!(
        "{:#}",
        read("a.toml", &one.replace("payments", "paymets")).unwrap_err()
    );
    assert!(
        told.contains("a.toml: paymets") && told.contains("payments"),
        "{told}"
    );
    assert!(read("a.toml", "").is_err());
}

fn word(format: &str) -> Json {
    json!({ "type": "string", "format": format })
}

#[test]
fn two_fields_of_one_name_are_told_apart_by_the_object_that_they_are_in() {
    let payment = json!({
        "type": "object", "required": ["uetr", "amount"],
        "properties": { "uetr": word("max35text"), "amount": word("amount"), "wait": { "type": "integer" } }
    });
    let schema = json!({
        "required": ["uetr", "currency", "payment"],
        "properties": { "uetr": word("max35text"), "currency": word("currency"), "payment": payment }
    });
    let outer = json!({
        "uetr": "A", "currency": "PKR", "payment": { "uetr": "B", "amount": "100" }
    });
    let flat = "uetr = 'A'\ncurrency = 'PKR'\npayment_uetr = 'B'\namount = '1'";
    assert_eq!(read(&schema, flat), Ok(outer.clone()));
    let nested = "uetr = 'A'\ncurrency = 'PKR'\npayment = { uetr = 'B', amount = '1' }";
    assert_eq!(read(&schema, nested), Ok(outer));
    let fields = root(&schema, "kind");
    let options = leaves(&fields)
        .into_iter()
        .map(|leaf| leaf.field.option.as_str());
    let options: Vec<&str> = options.collect();
    let wanted = [
        "--uetr",
        "--currency",
        "--payment-uetr",
        "--amount",
        "--kind-wait",
    ];
    assert_eq!(options, wanted);
}

#[test]
fn an_amount_alone_asks_for_its_currency_and_two_have_one_each() {
    let alone = json!({ "required": ["amount"], "properties": { "amount": word("amount") } });
    assert_eq!(
        read(&alone, "amount = '1'\ncurrency = 'KZT'"),
        Ok(json!({ "amount": "100" }))
    );
    assert!(
        read(&alone, "amount = '1'")
            .unwrap_err()
            .contains("currency must be given")
    );
    let fee = json!({
        "required": ["amount", "currency", "fee_amount", "fee_currency"],
        "properties": {
            "amount": word("amount"), "currency": word("currency"),
            "fee_amount": word("amount"), "fee_currency": word("currency"),
        }
    });
    let text = "amount = '1'\ncurrency = 'PKR'\nfee_amount = '2'\nfee_currency = 'JPY'";
    let read = read(&fee, text).unwrap();
    assert_eq!(
        (&read["amount"], &read["fee_amount"]),
        (&json!("100"), &json!("2"))
    );
}

#[test]
fn an_answer_with_fields_is_a_name_or_a_table_under_its_name() {
    let accepted = json!({
        "type": "object", "required": ["currency", "amount"],
        "properties": { "currency": word("currency"), "amount": word("amount") }
    });
    let schema = json!({ "required": ["answer"], "properties": { "answer": { "oneOf": [
        { "type": "object", "properties": { "Accepted": accepted }, "required": ["Accepted"] },
        { "type": "object", "properties": { "Refused": word("code") }, "required": ["Refused"] },
        { "type": "string", "const": "Waits" },
    ] } } });
    let answer = |text: &str| read(&schema, text).map(|read| read["answer"].clone());
    let accepted = "answer = { accepted = { currency = 'PKR', amount = '1.50' } }";
    let money = json!({ "currency": "PKR", "amount": "150" });
    assert_eq!(answer(accepted), Ok(json!({ "Accepted": money })));
    assert_eq!(
        answer("answer = { Refused = 'AC04' }"),
        Ok(json!({ "Refused": "AC04" }))
    );
    assert_eq!(answer("answer = 'WAITS'"), Ok(json!("Waits")));
    let told = answer("answer = { Refused = 'too long' }").unwrap_err();
    assert!(told.contains("answer Refused = \"too long\""), "{told}");
    let told = answer("answer = 'Never'").unwrap_err();
    assert!(told.contains("Accepted, Refused, Waits"), "{told}");
    assert!(
        answer("answer = 'Refused'")
            .unwrap_err()
            .contains("needs fields")
    );
}

#[test]
fn a_document_keeps_its_keys_to_itself_and_an_optional_object_may_be_left_out() {
    let rule = json!({
        "type": "object", "required": ["name"], "properties": { "name": word("max35text") }
    });
    let book = json!({
        "type": "object", "required": ["window", "rules"],
        "properties": {
            "window": { "type": "integer", "format": "duration-ms" },
            "rules": { "type": "array", "items": rule },
        }
    });
    let schema = json!({
        "required": ["book"],
        "properties": { "book": book, "rule": { "anyOf": [rule, { "type": "null" }] } }
    });
    let text = "[book]\nwindow = '90m'\n[[book.rules]]\nname = 'A'";
    let wanted = json!({ "window": 5_400_000, "rules": [{ "name": "A" }] });
    assert_eq!(read(&schema, text), Ok(json!({ "book": wanted })));
    let told = read(&schema, &format!("window = '90m'\n{text}")).unwrap_err();
    assert!(told.contains("window is not known here"), "{told}");
    let ruled = read(&schema, &format!("name = 'B'\n{text}")).unwrap();
    assert_eq!(ruled["rule"], json!({ "name": "B" }));
}

#[test]
fn the_options_that_every_kind_has_are_taken() {
    let command = crate::Cli::command();
    let tx = command.find_subcommand("tx").unwrap();
    let global = command.get_arguments().chain(tx.get_arguments());
    let mut names: Vec<&str> = global.filter_map(clap::Arg::get_long).collect();
    names.push("help");
    names.sort_unstable();
    names.dedup();
    names.retain(|name| *name != "version");
    assert_eq!(names, TAKEN);
}

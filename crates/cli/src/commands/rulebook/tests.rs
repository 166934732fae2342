//! Versions compared, and the past rehearsed from blocks that carry their certificates.

use super::comparing::Comparison;
use super::reading::Published;
use super::simulate::Replay;
use crate::rulebook_document::RulebookDocument;
use crate::rulebook_figures::{Effect, FigureChange};
use crate::testing::{DEVNET_PLAN, DEVNET_RULEBOOK, Folder, build, certificate, secret};
use karwan_ledger::{
    BlockSeat, Genesis, Issue, IssueRequest, OnShortage, Operation, Pay, PaymentTerms, Rulebook,
    Transaction, VerifiedTransaction,
};
use karwan_types::{Amount, Block, CommitCertificate, JurisdictionCode, Timestamp, Uetr};

/// The devnet's rulebook with one text exchanged.
fn altered(old: &str, new: &str) -> Rulebook {
    let text = DEVNET_RULEBOOK.replacen("version = 1", "version = 2", 1);
    assert!(text.contains(old), "{old}");
    let text = text.replace(old, new);
    RulebookDocument::parse(&text).unwrap().build().unwrap()
}

fn compare(candidate: &Rulebook) -> Comparison {
    let base = RulebookDocument::parse(DEVNET_RULEBOOK)
        .unwrap()
        .build()
        .unwrap();
    let all: Vec<JurisdictionCode> = ["KG", "KZ", "PK", "UZ"]
        .map(|code| code.parse().unwrap())
        .into();
    Comparison::new(&base, candidate, &all)
}

#[track_caller]
fn check_figure(
    (old, new): (&str, &str),
    path: &str,
    values: (Option<&str>, Option<&str>),
    effect: Option<Effect>,
) {
    let comparison = compare(&altered(old, new));
    let expected = FigureChange {
        path: path.to_owned(),
        old: values.0.map(str::to_owned),
        new: values.1.map(str::to_owned),
        effect,
    };
    assert_eq!(comparison.figures, [expected]);
}

#[test]
fn a_changed_figure_is_told_by_its_path_in_the_units_of_the_document() {
    check_figure(
        ("waiting_max = \"24h\"", "waiting_max = \"90m\""),
        "common.queue.waiting_max",
        (Some("24h"), Some("90m")),
        Some(Effect::Tightens),
    );
    check_figure(
        (
            "windows = [[\"FRAD\", \"395d\"]]",
            "windows = [[\"FRAD\", \"30d\"]]",
        ),
        "common.recall.windows[FRAD].window",
        (Some("395d"), Some("30d")),
        None,
    );
    check_figure(
        (
            "quorum = \"ALL\"\n# The shortest",
            "quorum = \"TWO_THIRDS\"\n# The shortest",
        ),
        "common.quorum",
        (Some("ALL"), Some("TWO_THIRDS")),
        Some(Effect::Loosens),
    );
    check_figure(
        (
            "currency.\npayment_max = []",
            "currency.\npayment_max = [[\"PKR\", \"5000.00\"]]",
        ),
        "common.payment_max[PKR]",
        (None, Some("5000.00 PKR")),
        Some(Effect::Tightens),
    );
    check_figure(
        (
            "jurisdiction = \"KG\"\ndomestic_payments = false",
            "jurisdiction = \"KG\"\ndomestic_payments = true",
        ),
        "national[KG].domestic_payments",
        (Some("no"), Some("yes")),
        Some(Effect::Loosens),
    );
}

#[test]
fn limits_and_purposes_are_told_by_whom_and_what_they_are_about() {
    check_figure(
        ("day_max = \"100000000.00\"", "day_max = \"90000000.00\""),
        "common.limits[VASP KGS DEBIT].day_max",
        (Some("100000000.00 KGS"), Some("90000000.00 KGS")),
        Some(Effect::Tightens),
    );
    check_figure(
        (
            "holding_max = \"600000000.00\"\non_exceed = \"REFUSE\"",
            "holding_max = \"600000000.00\"\non_exceed = \"WAIT\"",
        ),
        "common.limits[VASP PKR CREDIT].on_exceed",
        (Some("REFUSE"), Some("WAIT")),
        Some(Effect::Loosens),
    );
    check_figure(
        ("[\"PK\", \"9101\"]", "[\"PK\", \"9109\"]"),
        "common.purposes.codes[GDDS].local.PK",
        (Some("9101"), Some("9109")),
        None,
    );
    let one = "from = \"KG\"\nto = \"PK\"\npurposes = [\"EDUC\", ";
    let without = "from = \"KG\"\nto = \"PK\"\npurposes = [\"EDUC\"]\nallowed = false\nreport = true\n\n[[common.purposes.corridors]]\nfrom = \"KG\"\nto = \"PK\"\npurposes = [";
    check_figure(
        (one, without),
        "common.purposes.corridors[KG>PK EDUC].allowed",
        (Some("yes"), Some("no")),
        Some(Effect::Tightens),
    );
}

#[test]
fn who_must_approve_follows_from_what_changes() {
    let needed = |comparison: &Comparison| -> Vec<(usize, usize)> {
        let approvals = comparison.approvals.iter();
        approvals
            .map(|one| (one.needed, one.governors.len()))
            .collect()
    };
    let common = compare(&altered("notice_min = \"7d\"", "notice_min = \"8d\""));
    assert_eq!(needed(&common), [(4, 4)]);
    let national = compare(&altered(
        "jurisdiction = \"KG\"\ndomestic_payments = false",
        "jurisdiction = \"KG\"\ndomestic_payments = true",
    ));
    assert_eq!(needed(&national), [(1, 1)]);
    assert_eq!(national.approvals[0].governors[0].to_string(), "KG");
    let nothing = compare(&altered("version = 2", "version = 2"));
    assert!(needed(&nothing).is_empty() && nothing.figures.is_empty());
}

#[test]
fn a_changed_text_is_told_by_clause_and_language() {
    let comparison = compare(&altered("One key holds one role.", "One key has one role."));
    let told: Vec<(&str, &str, &[String])> = comparison
        .clauses
        .iter()
        .map(|one| (one.id.as_str(), one.change, one.languages.as_slice()))
        .collect();
    assert_eq!(told, [("C-1", "changed", &["en".to_owned()][..])]);
    assert!(comparison.figures.is_empty());
}

#[test]
fn a_file_that_is_no_sound_rulebook_is_named_with_its_rule() {
    let folder = Folder::new();
    let path = folder.path().join("rulebook.toml");
    let wrong = DEVNET_RULEBOOK.replace("validity_max = \"24h\"", "validity_max = \"1s\"");
    std::fs::write(&path, wrong).unwrap();
    let failure = Published::read(&path).err().unwrap().to_string();
    assert!(
        failure.contains("rulebook.toml") && failure.contains("validity_max"),
        "{failure}"
    );
}

/// Blocks with their certificates: money is issued to Indus, which then pays Ala-Too 5,000 and 50 rupees.
fn chain(genesis: &Genesis) -> Vec<(Block, CommitCertificate)> {
    let until = Timestamp::from_millis(genesis.document().time.millis() + 600_000);
    let uetr = |digit: u8| -> Uetr {
        format!("8a562c67-ca16-48ba-b074-65581be6f00{digit}")
            .parse()
            .unwrap()
    };
    let agent = || "KRVNPKKA".parse().unwrap();
    let signed = |operation: Operation, signers: &[&str]| {
        let unsigned = Transaction::unsigned(genesis.chain_id, operation, until);
        let sign = |one: Transaction, name: &&str| one.signed_by(&secret(name));
        let transaction = signers.iter().fold(unsigned, sign);
        VerifiedTransaction::from_encoded(transaction.to_encoded(), &genesis.chain_id).unwrap()
    };
    let request = IssueRequest {
        uetr: uetr(1),
        agent: agent(),
        currency: "PKR".parse().unwrap(),
        amount: Amount::from_minor(100_000_000),
        rtgs_reference: "RTGS-1".parse().unwrap(),
    };
    let issue = Issue {
        agent: agent(),
        uetr: uetr(1),
        rtgs_credit_reference: "RTGS-CR-1".parse().unwrap(),
    };
    let pay = |digit: u8, minor: u128| -> Operation {
        let mut payment = PaymentTerms::example();
        payment.uetr = uetr(digit);
        payment.amount = Amount::from_minor(minor);
        payment.settlement_date = None;
        payment.creditor_account = None;
        payment.on_shortage = OnShortage::Refuse;
        Pay { payment }.into()
    };
    let blocks = [
        vec![
            signed(request.into(), &["indus-maker", "indus-checker"]),
            signed(issue.into(), &["central-pk-maker", "central-pk-checker"]),
        ],
        vec![signed(pay(2, 500_000), &["indus-maker"])],
        vec![signed(pay(3, 5_000), &["indus-maker"])],
    ];
    let (mut state, mut parent) = (genesis.state.clone(), genesis.chain_id.0);
    let mut chain = Vec::new();
    for transactions in blocks {
        let seat = BlockSeat {
            parent,
            time: Timestamp::from_millis(state.chain().time.millis() + 1_000),
            proposer: secret("PK-validator").public_key(),
        };
        let draft = state.draft(&seat, &transactions);
        parent = draft.block.hash();
        state = draft.state;
        chain.push((
            draft.block.clone(),
            certificate(genesis, &draft.block.header),
        ));
    }
    chain
}

fn capped() -> Rulebook {
    altered(
        "currency.\npayment_max = []",
        "currency.\npayment_max = [[\"PKR\", \"100.00\"]]",
    )
}

#[test]
fn the_past_is_rehearsed_from_certified_blocks() {
    let genesis = build(DEVNET_PLAN).unwrap();
    let chain = chain(&genesis);
    let rehearse = |from| {
        let mut replay = Replay::new(&genesis, capped(), from);
        for (block, certificate) in &chain {
            replay.take(block, certificate).unwrap();
        }
        replay.report()
    };
    let report = rehearse(2).unwrap();
    assert_eq!((report.payments, report.flipped), (2, 1));
    assert_eq!(report.flips[0].amount, Amount::from_minor(500_000));
    let cited = report.flips[0].after.as_ref().unwrap();
    assert_eq!(cited.clause.as_ref().unwrap().as_str(), "C-4.10");
    assert_eq!(rehearse(2).unwrap().to_file(), report.to_file());
    assert_eq!(rehearse(3).unwrap().flipped, 0);
    let failure = rehearse(4).unwrap_err().to_string();
    assert!(failure.contains("no block 4 yet"), "{failure}");
}

#[test]
fn a_block_that_too_few_validators_signed_or_that_a_node_changed_is_not_rehearsed() {
    let genesis = build(DEVNET_PLAN).unwrap();
    let chain = chain(&genesis);
    let (block, signed) = &chain[0];
    let take = |block: &Block, certificate: &CommitCertificate| {
        let mut replay = Replay::new(&genesis, capped(), 1);
        replay
            .take(block, certificate)
            .err()
            .map(|one| one.to_string())
    };
    assert_eq!(take(block, signed), None);
    let mut few = signed.clone();
    few.signatures.truncate(2);
    assert!(take(block, &few).is_some());
    assert!(take(block, &chain[1].1).is_some());
    let mut changed = block.clone();
    changed.transactions.pop();
    assert!(take(&changed, signed).is_some());
}

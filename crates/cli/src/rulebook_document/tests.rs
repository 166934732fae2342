//! The seed rulebook, and the document form.

use super::RulebookDocument;
use crate::rulebook_figures::figures;
use crate::testing::DEVNET_RULEBOOK;

/// Letters that Kyrgyz has and Russian has not.
const KYRGYZ: [char; 6] = ['ө', 'ү', 'ң', 'Ө', 'Ү', 'Ң'];

fn seed() -> RulebookDocument {
    RulebookDocument::parse(DEVNET_RULEBOOK).unwrap()
}

#[test]
fn every_clause_of_the_seed_has_a_text_in_four_languages_each_in_its_script() {
    let document = seed();
    let rulebook = document.build().unwrap();
    let mut kyrgyz = String::new();
    for clause in &rulebook.clauses {
        let languages: Vec<&str> = clause
            .texts
            .iter()
            .map(|one| one.language.as_str())
            .collect();
        assert_eq!(languages, ["en", "ky", "ru", "ur"], "{}", clause.id);
        let words = |language| document.text(clause.id.as_str(), language).unwrap();
        let in_script = |language, is_in: fn(char) -> bool| {
            let letters: Vec<char> = words(language)
                .chars()
                .filter(|c| c.is_alphabetic())
                .collect();
            let count = letters.iter().filter(|c| is_in(**c)).count();
            assert!(2 * count > letters.len(), "{} {language}", clause.id);
        };
        in_script("en", |c| c.is_ascii_alphabetic());
        in_script("ky", |c| ('\u{400}'..'\u{530}').contains(&c));
        in_script("ru", |c| ('\u{400}'..'\u{530}').contains(&c));
        in_script("ur", |c| ('\u{600}'..'\u{700}').contains(&c));
        assert!(!words("ru").contains(KYRGYZ), "{}", clause.id);
        assert_ne!(words("ky"), words("ru"), "{}", clause.id);
        kyrgyz.push_str(words("ky"));
    }
    assert!(kyrgyz.matches(KYRGYZ).count() > 100);
}

#[test]
fn every_figure_of_the_seed_has_a_source_and_none_claims_to_be_verified() {
    let document = seed();
    for path in figures(&document.build().unwrap()).keys() {
        let source = document.source(path);
        let law = source.unwrap_or_else(|| panic!("{path} has no source"));
        assert!(!law.verified, "{path}");
    }
    let cited = |path: &str| document.source(path).unwrap().citation.to_string();
    assert!(cited("common.recall.answer").starts_with("EPC125-05"));
    assert!(cited("common.queue.waiting_max").starts_with("Draft agreement"));
    assert!(cited("national[KG].domestic_payments").starts_with("KG "));
}

#[test]
fn a_source_of_a_figure_that_is_not_there_is_refused() {
    let wrong = DEVNET_RULEBOOK.replace("figure = \"common.recall\"", "figure = \"common.recal\"");
    let error = RulebookDocument::parse(&wrong)
        .unwrap()
        .build()
        .unwrap_err();
    assert!(
        error.to_string().contains("no figure common.recal"),
        "{error}"
    );
}

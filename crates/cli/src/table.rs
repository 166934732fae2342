//! Plain tables: columns as wide as their widest cell, numbers to the right.

use crate::output::{Output, Tone};

/// Where a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// For words.
    Left,
    /// For numbers.
    Right,
}

/// A cell and how it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

/// Rows under headings.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self {
            text: text.to_string(),
            tone: Tone::Plain,
        }
    }
}

impl Cell {
    pub(crate) fn toned(text: impl ToString, tone: Tone) -> Self {
        Self {
            text: text.to_string(),
            tone,
        }
    }
    /// A status of a payment in the colour of its meaning.
    pub(crate) fn status(text: impl ToString) -> Self {
        let text = text.to_string();
        let tone = status_tone(&text);
        Self { text, tone }
    }
    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// The colour of an ISO 20022 status.
pub(crate) fn status_tone(status: &str) -> Tone {
    match status {
        "ACSC" | "ACCC" => Tone::Good,
        "RJCT" | "CANC" | "refused" => Tone::Bad,
        "RCVD" | "PATC" | "ACTC" | "PDNG" | "ACSP" | "unknown" => Tone::Pending,
        _ => Tone::Plain,
    }
}

impl Table {
    pub(crate) fn new<const N: usize>(columns: [(&'static str, Align); N]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }
    /// Adds a row.
    ///
    /// # Panics
    /// When it has another number of cells than the table has columns.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        assert!(
            N == self.columns.len(),
            "a row has one cell for each column"
        );
        self.rows.push(cells.to_vec());
    }
    /// The text, a line for each row, without spaces at line ends.
    pub(crate) fn render(&self, output: Output) -> String {
        let widths: Vec<usize> = self.widths();
        let headings = self
            .columns
            .iter()
            .map(|(heading, _)| Cell::toned(heading, Tone::Strong));
        let mut text = self.line(&headings.collect::<Vec<_>>(), &widths, output);
        for row in &self.rows {
            text.push_str(&self.line(row, &widths, output));
        }
        text
    }
    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .map(|(heading, _)| heading.chars().count())
            .collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }
    fn line(&self, cells: &[Cell], widths: &[usize], output: Output) -> String {
        let mut line = String::new();
        for ((cell, width), (_, align)) in cells.iter().zip(widths).zip(&self.columns) {
            if !line.is_empty() {
                line.push_str("  ");
            }
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            let text = output.paint(cell.tone, &cell.text);
            match align {
                Align::Left => line.push_str(&format!("{text}{padding}")),
                Align::Right => line.push_str(&format!("{padding}{text}")),
            }
        }
        format!("{}\n", line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_numbers_stand_right() {
        let mut table = Table::new([
            ("FILE", Align::Left),
            ("AMOUNT", Align::Right),
            ("STATUS", Align::Left),
        ]);
        table.row(["one".into(), "5.00".into(), Cell::status("ACSC")]);
        table.row(["Айгүл".into(), "75000000.00".into(), Cell::status("RJCT")]);
        let text = table.render(Output::new(true));
        let expected =
            "FILE        AMOUNT  STATUS\none           5.00  ACSC\nАйгүл  75000000.00  RJCT\n";
        assert_eq!(text, expected);
    }

    #[test]
    #[should_panic(expected = "one cell for each column")]
    fn a_row_with_too_few_cells_is_our_own_mistake() {
        Table::new([("ONE", Align::Left), ("TWO", Align::Left)]).row(["1".into()]);
    }
}

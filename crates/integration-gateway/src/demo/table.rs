//! A table of words and numbers, small enough to need no crate.

/// Lays out rows under heads: the first column to the left, numbers to the right.
pub(super) fn render<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        widest.max(heads.get(column).map_or(0, |head| head.chars().count()))
    };
    let line = |cells: &[String; N]| {
        let mut line = String::new();
        for (column, cell) in cells.iter().enumerate() {
            let width = width(column);
            line += &match column {
                0 => format!("  {cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            };
        }
        line.truncate(line.trim_end().len());
        line + "\n"
    };
    std::iter::once(&heads.map(str::to_owned))
        .chain(rows)
        .map(line)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows = [["a longer name", "7"], ["b", "1234"]].map(|row| row.map(str::to_owned));
        let shown = render(["who", "sent"], &rows);
        assert_eq!(
            shown,
            "  who            sent\n  a longer name     7\n  b              1234\n"
        );
    }

    #[test]
    fn a_table_without_rows_is_its_head() {
        assert_eq!(render(["who"], &[]), "  who\n");
    }
}

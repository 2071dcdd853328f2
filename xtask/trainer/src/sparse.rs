//! A sparse matrix of features, one row a post.

/// Compressed rows.
#[derive(Clone, Debug, Default)]
pub struct Sparse {
    columns: usize,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl Sparse {
    /// No rows yet, of so many columns.
    pub fn new(columns: usize) -> Self {
        Self { columns, starts: vec![0], indices: Vec::new(), values: Vec::new() }
    }

    /// Appends a row. Entries of the same column add up.
    pub fn push(&mut self, row: impl IntoIterator<Item = (usize, f32)>) {
        for (column, value) in row {
            debug_assert!(column < self.columns);
            self.indices.push(u32::try_from(column).expect("columns are bounded by 2^20 buckets"));
            self.values.push(value);
        }
        self.starts.push(self.indices.len());
    }

    /// How many columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// One row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.starts[row]..self.starts[row + 1];
        let indices = self.indices[range.clone()].iter().map(|index| *index as usize);
        indices.zip(self.values[range].iter().copied().map(f64::from))
    }
}

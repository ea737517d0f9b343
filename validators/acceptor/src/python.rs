//! The wall to Python: everything that crosses it is bytes, numbers and lists of them.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::block;

/// Columns of a block, and what came of its lines so far.
#[pyclass]
struct Judgement {
    columns: block::Columns,
}

fn words<'py>(py: Python<'py>, column: &[u32]) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = column.iter().flat_map(|word| word.to_ne_bytes()).collect();
    PyBytes::new(py, &bytes)
}

#[pymethods]
impl Judgement {
    /// Line numbers in the block, as native u32.
    fn numbers<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        words(py, &self.columns.numbers)
    }

    /// Where lines start, as native u32.
    fn starts<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        words(py, &self.columns.starts)
    }

    /// Where lines end, as native u32.
    fn ends<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        words(py, &self.columns.ends)
    }

    /// Start and end of every id in the block, as pairs of native u32; of lines that were not accepted and those without an id, two zeros.
    fn id_places<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let flat: Vec<u32> = self.columns.ids.iter().flat_map(|&(start, end)| [start, end]).collect();
        words(py, &flat)
    }

    /// The numbers of the types, as native u32; 0 where the line was not accepted.
    fn type_numbers<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let wide: Vec<u32> = self.columns.types.iter().map(|&number| u32::from(number)).collect();
        words(py, &wide)
    }

    /// The ids of accepted lines as strings, None for all others.
    fn ids<'py>(&self, py: Python<'py>, data: &[u8]) -> Vec<Option<Bound<'py, PyString>>> {
        let text = |&(start, end): &(u32, u32)| data.get(start as usize..end as usize).filter(|id| !id.is_empty()).and_then(|id| std::str::from_utf8(id).ok());
        self.columns.ids.iter().map(|place| text(place).map(|id| PyString::new(py, id))).collect()
    }

    /// The positions that were not accepted, each with its reason.
    fn asked(&self) -> Vec<(usize, &'static str)> {
        self.columns.asked().collect()
    }

    /// The numbers of the undecided value sets of accepted lines, with repetitions.
    fn undecided(&self) -> Vec<u32> {
        self.columns.undecided.clone()
    }

    fn __len__(&self) -> usize {
        self.columns.numbers.len()
    }

    /// Whether lines wait for answers.
    #[getter]
    fn pending(&self) -> bool {
        self.columns.is_pending()
    }
}

/// The table, the answers, and the walk over blocks. One per thread.
#[pyclass]
#[derive(Default)]
struct Acceptor {
    inner: block::Acceptor,
}

#[pymethods]
impl Acceptor {
    #[new]
    fn new() -> Self {
        Acceptor::default()
    }

    /// Add records to the table. Raises ValueError for bytes that are none.
    fn extend(&mut self, records: &[u8]) -> PyResult<()> {
        self.inner.table.extend(records).map_err(|error| PyValueError::new_err(format!("no table at byte {}", error.0)))
    }

    /// Keep the answer to a question: 0 for no, with the numbers of the value sets that could not decide.
    fn answer(&mut self, check: u32, text: &[u8], value: u32, undecided: Vec<u32>) {
        self.inner.memo.put(check, text, value, undecided);
    }

    /// The lines of a block, all of them pending. Raises ValueError for blocks of 4 GiB and more.
    fn begin(&self, py: Python<'_>, data: &[u8]) -> PyResult<Judgement> {
        if data.len() >= u32::MAX as usize {
            return Err(PyValueError::new_err("a block holds less than 4 GiB"));
        }
        Ok(Judgement { columns: py.allow_threads(|| block::Columns::of(data)) })
    }

    /// Walk the pending lines; the questions to answer before the next pass, as (check, text).
    fn judge<'py>(&self, py: Python<'py>, data: &[u8], judgement: &mut Judgement) -> PyResult<Vec<(u32, Bound<'py, PyBytes>)>> {
        let columns = &mut judgement.columns;
        if columns.ends.last().is_some_and(|&end| end as usize > data.len()) {
            return Err(PyValueError::new_err("not the block that the judgement is of"));
        }
        let inner = &self.inner;
        let questions = py.allow_threads(|| inner.pass(data, columns));
        Ok(questions.into_iter().map(|(check, text)| (check, PyBytes::new(py, &text))).collect())
    }
}

#[pymodule]
fn _acceptor(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Acceptor>()?;
    module.add_class::<Judgement>()
}

//! The file of a head. All numbers are little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `embghead` |
//! | 1 | version of this format, 1 |
//! | 1 | number of outputs, `n` |
//! | 2 | zero |
//! | 4·n | bias, f32 |
//! | 4·n | scale of the words' weights, f32 |
//! | 2 | number of named features |
//! | each | length of the name (1), the name, the place (1), weights (4·n, f32) |
//! | 4 | number of words and pairs, at most 2^18 |
//! | 4 each | their hashes, rising |
//! | n each | their weights in steps, i8 |
//!
//! Reading checks every length and number; a name that the lexicon does not know is an error, so that a model and a
//! lexicon that do not fit never meet.

use super::super::Place;
use super::super::features::Slots;
use super::super::grams::Gram;
use super::Head;

const MAGIC: &[u8; 8] = b"embghead";
const VERSION: u8 = 1;
const MAX_GRAMS: usize = 1 << 18;

/// Why a file is no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It does not begin as one, or is of another version.
    #[error("this is no head of version {VERSION}")]
    Kind,
    /// It ends too early, or goes on after its end.
    #[error("the file is cut off or too long")]
    Length,
    /// A number is not finite, or larger than allowed.
    #[error("a number is out of bounds")]
    Number,
    /// A named feature is unknown here, or named twice.
    #[error("a named feature does not fit the lexicon")]
    Name,
}

impl Head {
    /// Reads a head.
    pub fn read(file: &[u8], slots: &Slots) -> Result<Self, FileError> {
        let mut reader = Reader { rest: file };
        if reader.take(MAGIC.len())? != MAGIC || reader.byte()? != VERSION {
            return Err(FileError::Kind);
        }
        let outputs = usize::from(reader.byte()?);
        if outputs == 0 || reader.take(2)? != [0, 0] {
            return Err(FileError::Number);
        }
        let bias = reader.floats(outputs)?;
        let scale = reader.floats(outputs)?;
        let mut named = vec![0.0; slots.len() * outputs];
        let mut taken = vec![false; slots.len()];
        let count = u16::from_le_bytes([reader.byte()?, reader.byte()?]);
        for _ in 0..count {
            let length = usize::from(reader.byte()?);
            let name = std::str::from_utf8(reader.take(length)?).map_err(|_| FileError::Name)?;
            let place = place_of(reader.byte()?)?;
            let slot = slots.of(name, place).ok_or(FileError::Name)?;
            if std::mem::replace(&mut taken[slot], true) {
                return Err(FileError::Name);
            }
            named[slot * outputs..(slot + 1) * outputs].copy_from_slice(&reader.floats(outputs)?);
        }
        let count = u32::from_le_bytes([reader.byte()?, reader.byte()?, reader.byte()?, reader.byte()?]) as usize;
        if count > MAX_GRAMS {
            return Err(FileError::Number);
        }
        let (hashes, _) = reader.take(4 * count)?.as_chunks::<4>();
        let grams: Vec<Gram> = hashes.iter().map(|hash| Gram::of_number(u32::from_le_bytes(*hash))).collect();
        if !grams.is_sorted_by(|a, b| a < b) {
            return Err(FileError::Number);
        }
        let steps = reader.take(outputs * count)?.iter().map(|byte| byte.cast_signed()).collect();
        if !reader.rest.is_empty() {
            return Err(FileError::Length);
        }
        Ok(Self { bias, named, scale, grams, steps })
    }

    /// Writes a head; named features whose weights are all zero are left out.
    ///
    /// Heads of more than 255 outputs, or whose parts do not fit each other, are a mistake of the trainer: `None`.
    pub fn write(&self, slots: &Slots) -> Option<Vec<u8>> {
        let outputs = self.outputs();
        let fits = self.scale.len() == outputs
            && self.named.len() == slots.len() * outputs
            && self.grams.len() <= MAX_GRAMS
            && self.steps.len() == outputs * self.grams.len();
        if !fits {
            return None;
        }
        let mut file = MAGIC.to_vec();
        file.extend([VERSION, u8::try_from(outputs).ok()?, 0, 0]);
        push_floats(&mut file, &self.bias);
        push_floats(&mut file, &self.scale);
        let weighed =
            |slot: &usize| self.named[slot * outputs..(slot + 1) * outputs].iter().any(|weight| *weight != 0.0);
        let weighed: Vec<usize> = (0..slots.len()).filter(weighed).collect();
        file.extend(u16::try_from(weighed.len()).ok()?.to_le_bytes());
        for slot in weighed {
            let (name, place) = slots.name(slot)?;
            file.push(u8::try_from(name.len()).ok()?);
            file.extend(name.as_bytes());
            file.push(place as u8);
            push_floats(&mut file, &self.named[slot * outputs..(slot + 1) * outputs]);
        }
        file.extend(u32::try_from(self.grams.len()).ok()?.to_le_bytes());
        file.extend(self.grams.iter().flat_map(|gram| gram.number().to_le_bytes()));
        file.extend(self.steps.iter().map(|steps| steps.cast_unsigned()));
        Some(file)
    }
}

fn push_floats(file: &mut Vec<u8>, numbers: &[f32]) {
    file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn place_of(byte: u8) -> Result<Place, FileError> {
    Place::ALL.into_iter().find(|place| *place as u8 == byte).ok_or(FileError::Name)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], FileError> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(FileError::Length)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, FileError> {
        let (byte, rest) = self.rest.split_first().ok_or(FileError::Length)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f32>, FileError> {
        let (numbers, rest) = self.take(count * 4)?.as_chunks::<4>();
        debug_assert!(rest.is_empty());
        let numbers: Vec<f32> = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
        if numbers.iter().all(|number| number.is_finite() && number.abs() < 1e6) {
            Ok(numbers)
        } else {
            Err(FileError::Number)
        }
    }
}

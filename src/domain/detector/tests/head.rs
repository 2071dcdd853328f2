//! A head's file is read with care, and wording is hashed the same everywhere.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::domain::detector::Place;
use crate::domain::detector::features::{Input, Slots};
use crate::domain::detector::grams::{Gram, grams_of, placed_grams};
use crate::domain::detector::head::{FileError, Head};
use crate::domain::detector::text::segment;

fn head(slots: &Slots) -> Head {
    let mut named = vec![0.0; slots.len() * 2];
    named[6] = 1.5;
    named[7] = -0.25;
    let grams = grams_of(&segment("one two three", ""));
    let steps = (0..2 * grams.len()).map(|step| step as i8 - 5).collect();
    Head { bias: vec![0.5, -1.0], named, scale: vec![0.01, 0.02], grams, steps }
}

#[test]
fn what_is_written_is_read_again() {
    let slots = Slots::new();
    let head = head(&slots);
    let file = head.write(&slots).expect("its parts fit");
    assert_eq!(Head::read(&file, &slots), Ok(head));
}

#[test]
fn a_file_that_is_cut_off_too_long_or_of_another_lexicon_is_refused() {
    let slots = Slots::new();
    let file = head(&slots).write(&slots).expect("its parts fit");
    for length in 0..file.len() {
        assert!(Head::read(&file[..length], &slots).is_err(), "cut off at {length}");
    }
    let longer = [&file[..], b"x"].concat();
    assert_eq!(Head::read(&longer, &slots), Err(FileError::Length));
    let (name, _) = slots.name(3).expect("there are more");
    let at = file.windows(name.len()).position(|bytes| bytes == name.as_bytes()).expect("its name is in the file");
    let mut renamed = file;
    renamed[at] = b'#';
    assert_eq!(Head::read(&renamed, &slots), Err(FileError::Name));
}

#[test]
fn a_weight_that_is_no_number_is_refused() {
    let slots = Slots::new();
    let mut head = head(&slots);
    head.bias[1] = f32::NAN;
    let file = head.write(&slots).expect("its parts fit");
    assert_eq!(Head::read(&file, &slots), Err(FileError::Number));
}

#[test]
fn a_sum_is_the_bias_the_named_weights_and_the_wording_by_its_length() {
    let slots = Slots::new();
    let mut head = head(&slots);
    head.steps.fill(10);
    assert_eq!(head.grams.len(), 5, "three words and two pairs");
    let grams = grams_of(&segment("one two three unheard-of", ""));
    let (name, place) = slots.name(3).expect("there are more");
    let feature = crate::domain::detector::features::Feature { slot: 3, name, place };
    let input = Input { features: vec![feature], grams };
    let sums = head.sums(&input);
    assert!((sums[0] - (0.5 + 1.5 + 0.1 * 5.0_f64.sqrt())).abs() < 1e-6, "{sums:?}: what is not known does not count");
    assert!((sums[1] - (-1.0 - 0.25 + 0.2 * 5.0_f64.sqrt())).abs() < 1e-6, "{sums:?}");
}

#[test]
fn words_count_once_in_each_place_and_numbers_by_their_length() {
    let grams = |title: &str, body: &str| grams_of(&segment(title, body));
    assert_eq!(grams("crash crash", "").len(), 2, "the word, and the pair of it");
    assert_eq!(grams("crash", "crash").len(), 2, "title and prose are two places");
    assert_eq!(grams("1234", ""), grams("9876", ""));
    assert_ne!(grams("1234", ""), grams("123", ""));
    assert_eq!(grams("crash", "").first().map(|gram| gram.place()), Some(Place::Title));
}

#[test]
fn placed_words_stand_where_they_are_said_to() {
    let text = "an attacker, then";
    let spans: Vec<&str> = placed_grams(text, Place::Body).into_iter().map(|placed| &text[placed.span]).collect();
    assert_eq!(spans, ["an", "attacker", "an attacker", "then", "attacker, then"]);
}

proptest! {
    #[test]
    fn every_known_word_is_found_and_no_other(
        known in prop::collection::btree_set(0_u32..400, 0..120),
        wanted in prop::collection::btree_set(0_u32..400, 0..120),
    ) {
        let of = |numbers: &BTreeSet<u32>| numbers.iter().map(|number| Gram::of_number(*number)).collect::<Vec<_>>();
        let (grams, wanted_grams) = (of(&known), of(&wanted));
        let head = Head { bias: vec![0.0], named: Vec::new(), scale: vec![1.0], steps: vec![1; grams.len()], grams };
        let wording = head.wording(&wanted_grams);
        let found: Vec<Gram> = head.weights(&wording, 0).map(|(gram, _)| gram).collect();
        let both: BTreeSet<u32> = known.intersection(&wanted).copied().collect();
        prop_assert_eq!(found, of(&both));
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), outputs in 1_u8..6) {
        let slots = Slots::new();
        let mut file = b"embghead".to_vec();
        file.extend([1, outputs, 0, 0]);
        file.extend(&bytes);
        let _ = Head::read(&file, &slots);
        let _ = Head::read(&bytes, &slots);
    }
}

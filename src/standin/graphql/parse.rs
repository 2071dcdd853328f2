//! A small reader of GraphQL documents: one operation, its selections, arguments, aliases and inline fragments.
//!
//! Enough for a bot's documents. Named fragments and directives are refused with a message, not ignored.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

/// One operation of a document.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub mutation: bool,
    pub selections: Vec<Selection>,
}

/// A field, or an inline fragment with the fields for one type.
#[derive(Clone, Debug)]
pub(super) enum Selection {
    Field(Field),
    On(String, Vec<Selection>),
}

/// A field with its arguments resolved.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub alias: String,
    pub name: String,
    pub arguments: BTreeMap<String, Value>,
    pub selections: Vec<Selection>,
}

/// How deep selections and values may be nested.
const DEEPEST: usize = 32;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(String),
    Mark(char),
    Spread,
}

/// Reads a document; variables are put in their places.
pub(super) fn document(text: &str, variables: &Value) -> Result<Operation, String> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0, variables, depth: 0 };
    let mut mutation = false;
    if let Some(Token::Name(kind)) = reader.peek().cloned() {
        reader.at += 1;
        mutation = match kind.as_str() {
            "query" => false,
            "mutation" => true,
            other => return Err(format!("unexpected {other}")),
        };
        if matches!(reader.peek(), Some(Token::Name(_))) {
            reader.at += 1;
        }
        if reader.peek() == Some(&Token::Mark('(')) {
            reader.skip_declarations()?;
        }
    }
    let selections = reader.selections()?;
    match reader.peek() {
        None => Ok(Operation { mutation, selections }),
        Some(_) => Err("only one operation, without named fragments, is understood here".into()),
    }
}

struct Reader<'a> {
    tokens: Vec<Token>,
    at: usize,
    variables: &'a Value,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<Token, String> {
        let token = self.peek().cloned();
        self.at += 1;
        token.ok_or_else(|| "unexpected end of the document".to_owned())
    }

    fn eat(&mut self, mark: char) -> bool {
        let here = self.peek() == Some(&Token::Mark(mark));
        self.at += usize::from(here);
        here
    }

    fn expect(&mut self, mark: char) -> Result<(), String> {
        if self.eat(mark) { Ok(()) } else { Err(format!("expected {mark}, found {:?}", self.peek())) }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Name(name) => Ok(name),
            other => Err(format!("expected a name, found {other:?}")),
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("nested too deeply".into());
        }
        Ok(())
    }

    fn skip_declarations(&mut self) -> Result<(), String> {
        while self.next()? != Token::Mark(')') {}
        Ok(())
    }

    fn selections(&mut self) -> Result<Vec<Selection>, String> {
        self.deeper()?;
        self.expect('{')?;
        let mut all = Vec::new();
        while !self.eat('}') {
            all.push(self.selection()?);
        }
        self.depth -= 1;
        Ok(all)
    }

    fn selection(&mut self) -> Result<Selection, String> {
        if self.peek() == Some(&Token::Spread) {
            self.at += 1;
            if self.name()? != "on" {
                return Err("named fragments are not understood here".into());
            }
            let kind = self.name()?;
            return Ok(Selection::On(kind, self.selections()?));
        }
        let mut name = self.name()?;
        let alias = name.clone();
        if self.eat(':') {
            name = self.name()?;
        }
        let mut arguments = BTreeMap::new();
        if self.eat('(') {
            while !self.eat(')') {
                let argument = self.name()?;
                self.expect(':')?;
                arguments.insert(argument, self.value()?);
            }
        }
        if self.peek() == Some(&Token::Mark('@')) {
            return Err("directives are not understood here".into());
        }
        let selections = if self.peek() == Some(&Token::Mark('{')) { self.selections()? } else { Vec::new() };
        Ok(Selection::Field(Field { alias, name, arguments, selections }))
    }

    fn value(&mut self) -> Result<Value, String> {
        self.deeper()?;
        let value = match self.next()? {
            Token::Mark('$') => {
                let name = self.name()?;
                self.variables.get(&name).cloned().unwrap_or(Value::Null)
            }
            Token::Text(text) => Value::String(text),
            Token::Number(digits) => digits
                .parse::<i64>()
                .map(Value::from)
                .ok()
                .or_else(|| Number::from_f64(digits.parse().ok()?).map(Value::Number))
                .ok_or_else(|| format!("{digits} is no number"))?,
            Token::Name(word) => match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::String(word),
            },
            Token::Mark('[') => {
                let mut items = Vec::new();
                while !self.eat(']') {
                    items.push(self.value()?);
                }
                Value::Array(items)
            }
            Token::Mark('{') => {
                let mut fields = serde_json::Map::new();
                while !self.eat('}') {
                    let name = self.name()?;
                    self.expect(':')?;
                    fields.insert(name, self.value()?);
                }
                Value::Object(fields)
            }
            other => return Err(format!("expected a value, found {other:?}")),
        };
        self.depth -= 1;
        Ok(value)
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let letters: Vec<char> = text.chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let run = |from: usize, fits: fn(char) -> bool| {
            let run = letters[from..].iter().take_while(|c| fits(**c));
            run.collect::<String>()
        };
        match letter {
            '#' => at += run(at, |c| c != '\n').chars().count(),
            c if c.is_whitespace() || c == ',' || c == '\u{feff}' => at += 1,
            '.' if letters[at..].starts_with(&['.', '.', '.']) => {
                all.push(Token::Spread);
                at += 3;
            }
            c if c.is_alphabetic() || c == '_' => {
                let word = run(at, |c| c.is_alphanumeric() || c == '_');
                at += word.chars().count();
                all.push(Token::Name(word));
            }
            c if c.is_ascii_digit() || c == '-' => {
                let number = run(at, |c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
                at += number.len();
                all.push(Token::Number(number));
            }
            '"' => {
                let (value, after) = quoted(&letters, at)?;
                all.push(Token::Text(value));
                at = after;
            }
            c if "{}()[]:$!=@|&".contains(c) => {
                all.push(Token::Mark(c));
                at += 1;
            }
            other => return Err(format!("unexpected {other:?}")),
        }
    }
    Ok(all)
}

/// A string that starts at `at`; returns it and the place after it.
fn quoted(letters: &[char], at: usize) -> Result<(String, usize), String> {
    if letters[at..].starts_with(&['"', '"', '"']) {
        return Err("block strings are not understood here: use variables".into());
    }
    let mut end = at + 1;
    loop {
        match letters.get(end) {
            Some('\\') => end += 2,
            Some('"') => break,
            Some(_) => end += 1,
            None => return Err("a string has no end".into()),
        }
    }
    let literal: String = letters[at..=end].iter().collect();
    // GraphQL and JSON write strings alike.
    let value = serde_json::from_str(&literal).map_err(|_| "a string is malformed".to_owned())?;
    Ok((value, end + 1))
}

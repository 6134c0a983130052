//! From tokens to a tree.

use std::vec::IntoIter;

use super::functions;
use super::lex::{Piece, Placed, Token, pieces};
use super::value::Value;

/// How deep blocks and parentheses may be nested: each level is a call of ours.
const MAX_DEPTH: usize = 50;

#[derive(Debug)]
pub enum Node {
    Text(String),
    Action(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
}

#[derive(Debug)]
pub struct Branch {
    pub pipeline: Pipeline,
    pub then: Vec<Node>,
    pub otherwise: Vec<Node>,
}

/// `$a, $b := first | second | …`
#[derive(Debug)]
pub struct Pipeline {
    pub variables: Vec<String>,
    /// `=` rather than `:=`.
    pub is_assignment: bool,
    pub commands: Vec<Vec<Operand>>,
}

#[derive(Debug)]
pub enum Operand {
    Dot,
    Value(Value),
    Variable(String),
    Function(String),
    Nested(Pipeline),
    /// `.field` of what stands before it.
    Field(Box<Operand>, String),
}

/// What ended a list of nodes.
enum End {
    Text,
    Close,
    /// `else`, with what follows it in the action.
    Else(Vec<Placed>),
}

struct Parser {
    pieces: IntoIter<Piece>,
    depth: usize,
}

pub fn parse(text: &str) -> Result<Vec<Node>, String> {
    let mut parser = Parser { pieces: pieces(text)?.into_iter(), depth: 0 };
    match parser.nodes()? {
        (nodes, End::Text) => Ok(nodes),
        (_, End::Close) => Err("unexpected {{end}}".into()),
        (_, End::Else(_)) => Err("unexpected {{else}}".into()),
    }
}

impl Parser {
    fn nodes(&mut self) -> Result<(Vec<Node>, End), String> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let tokens = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(tokens) => tokens,
            };
            let keyword = match tokens.first() {
                Some((Token::Word(word), _)) => word.as_str(),
                _ => "",
            };
            let rest = || tokens[1..].to_vec();
            match keyword {
                "end" => return Ok((nodes, End::Close)),
                "else" => return Ok((nodes, End::Else(rest()))),
                "if" => nodes.push(Node::If(self.branch(rest())?)),
                "with" => nodes.push(Node::With(self.branch(rest())?)),
                "range" => nodes.push(Node::Range(self.branch(rest())?)),
                "template" | "define" | "block" | "break" | "continue" => {
                    return Err(format!("{{{{{keyword}}}}} is not supported"));
                }
                _ => nodes.push(Node::Action(pipeline(tokens)?)),
            }
        }
        Ok((nodes, End::Text))
    }

    fn branch(&mut self, head: Vec<Placed>) -> Result<Branch, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("blocks are nested deeper than {MAX_DEPTH}"));
        }
        let pipeline = pipeline(head)?;
        let (then, end) = self.nodes()?;
        let otherwise = match end {
            End::Close => vec![],
            End::Text => return Err("unexpected end of the text: {{end}} is missing".into()),
            End::Else(rest) => self.otherwise(rest)?,
        };
        self.depth -= 1;
        Ok(Branch { pipeline, then, otherwise })
    }

    /// `{{else}} … {{end}}` or `{{else if …}} …`, which shares its end with the first `if`.
    fn otherwise(&mut self, mut rest: Vec<Placed>) -> Result<Vec<Node>, String> {
        if rest.first().is_some_and(|(token, _)| *token == Token::Word("if".into())) {
            rest.remove(0);
            return Ok(vec![Node::If(self.branch(rest)?)]);
        }
        if !rest.is_empty() {
            return Err("unexpected words behind {{else".into());
        }
        match self.nodes()? {
            (nodes, End::Close) => Ok(nodes),
            _ => Err("expected {{end}} behind {{else}}".into()),
        }
    }
}

fn pipeline(tokens: Vec<Placed>) -> Result<Pipeline, String> {
    let mut tokens = tokens.into_iter();
    let (pipeline, is_closed) = Commands { tokens: &mut tokens, depth: 0 }.pipeline()?;
    if is_closed { Err("unexpected ) in an action".into()) } else { Ok(pipeline) }
}

struct Commands<'a> {
    tokens: &'a mut IntoIter<Placed>,
    depth: usize,
}

impl Commands<'_> {
    /// Up to a closing parenthesis (then true) or the action's end.
    fn pipeline(&mut self) -> Result<(Pipeline, bool), String> {
        if self.depth > MAX_DEPTH {
            return Err(format!("parentheses are nested deeper than {MAX_DEPTH}"));
        }
        let (variables, is_assignment) = self.variables();
        let mut commands = Vec::new();
        let mut command: Vec<Operand> = Vec::new();
        let mut fields = 0;
        let mut is_closed = false;
        while let Some((token, is_glued)) = self.tokens.next() {
            match token {
                Token::Pipe if command.is_empty() => return Err("nothing stands before |".into()),
                Token::Pipe => commands.push(std::mem::take(&mut command)),
                Token::Close => {
                    is_closed = true;
                    break;
                }
                Token::Field(name) if is_glued && !command.is_empty() => {
                    // Each is a box around the one before.
                    fields += 1;
                    if fields > MAX_DEPTH {
                        return Err(format!("more than {MAX_DEPTH} fields of fields in a command"));
                    }
                    let owner = command.pop().unwrap_or(Operand::Dot);
                    command.push(Operand::Field(Box::new(owner), name));
                }
                token => {
                    fields = 0;
                    command.push(self.operand(token)?);
                }
            }
        }
        if command.is_empty() {
            return Err("a command is missing in an action".into());
        }
        commands.push(command);
        Ok((Pipeline { variables, is_assignment, commands }, is_closed))
    }

    /// `$a :=`, `$a, $b :=` or `$a =` at the start.
    fn variables(&mut self) -> (Vec<String>, bool) {
        let ahead: Vec<&Token> = self.tokens.as_slice().iter().map(|(token, _)| token).collect();
        let (names, is_assignment) = match ahead.as_slice() {
            [Token::Variable(name), end @ (Token::Declare | Token::Assign), ..] => {
                (vec![name.clone()], **end == Token::Assign)
            }
            [
                Token::Variable(first),
                Token::Comma,
                Token::Variable(second),
                end @ (Token::Declare | Token::Assign),
                ..,
            ] => (vec![first.clone(), second.clone()], **end == Token::Assign),
            _ => return (vec![], false),
        };
        // The names with a comma between them and the sign behind them.
        self.tokens.nth(names.len() * 2 - 1);
        (names, is_assignment)
    }

    fn operand(&mut self, token: Token) -> Result<Operand, String> {
        Ok(match token {
            Token::Dot => Operand::Dot,
            Token::Field(name) => Operand::Field(Box::new(Operand::Dot), name),
            Token::Variable(name) => Operand::Variable(name),
            Token::Text(text) => Operand::Value(Value::Text(text)),
            Token::Number(number) => Operand::Value(self::number(&number)?),
            Token::Word(word) => match word.as_str() {
                "true" => Operand::Value(Value::Bool(true)),
                "false" => Operand::Value(Value::Bool(false)),
                "nil" => Operand::Value(Value::Nil),
                name if functions::is_known(name) => Operand::Function(word),
                name => return Err(format!("function {name:?} not defined")),
            },
            Token::Open => {
                let mut inner = Commands { tokens: self.tokens, depth: self.depth + 1 };
                match inner.pipeline()? {
                    (pipeline, true) => Operand::Nested(pipeline),
                    (_, false) => return Err("unclosed left paren".into()),
                }
            }
            Token::Pipe | Token::Close | Token::Comma | Token::Declare | Token::Assign => {
                return Err(format!("unexpected {token:?} in an action"));
            }
        })
    }
}

fn number(text: &str) -> Result<Value, String> {
    let digits = text.replace('_', "");
    let hexadecimal = digits.strip_prefix("0x").map(|digits| i64::from_str_radix(digits, 16).ok());
    let whole = hexadecimal.unwrap_or_else(|| digits.parse().ok());
    match (whole, digits.parse::<f64>()) {
        (Some(whole), _) => Ok(Value::Int(whole)),
        // A constant such as 1e3 is a whole number to Go wherever it is one.
        (None, Ok(float)) if float.fract() == 0.0 && float.abs() < 9e15 && !text.contains('.') => {
            Ok(Value::Int(float as i64))
        }
        (None, Ok(float)) if float.is_finite() => Ok(Value::Float(float)),
        _ => Err(format!("bad number syntax: {text:?}")),
    }
}

//! Arithmetic and comparisons of two numbers.

use crate::sample::ABSENT;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

impl Operator {
    pub fn named(name: &str) -> Option<Operator> {
        use Operator::*;
        Some(match name {
            "+" => Add,
            "-" => Subtract,
            "*" => Multiply,
            "/" => Divide,
            "%" => Modulo,
            "^" => Power,
            "atan2" => Atan2,
            "==" => Equal,
            "!=" => NotEqual,
            ">" => Greater,
            "<" => Less,
            ">=" => GreaterOrEqual,
            "<=" => LessOrEqual,
            _ => return None,
        })
    }

    pub fn is_comparison(self) -> bool {
        use Operator::*;
        matches!(self, Equal | NotEqual | Greater | Less | GreaterOrEqual | LessOrEqual)
    }

    /// The number; of a comparison 1 or 0.
    pub fn apply(self, left: f64, right: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide => left / right,
            Operator::Modulo => left % right,
            Operator::Power => left.powf(right),
            Operator::Atan2 => left.atan2(right),
            Operator::Equal => truth(left == right),
            Operator::NotEqual => truth(left != right),
            Operator::Greater => truth(left > right),
            Operator::Less => truth(left < right),
            Operator::GreaterOrEqual => truth(left >= right),
            Operator::LessOrEqual => truth(left <= right),
        }
    }

    /// What remains of `left op right`: a comparison without `bool` filters `kept`.
    pub fn result(self, left: f64, right: f64, kept: f64, as_bool: bool) -> f64 {
        let value = self.apply(left, right);
        if !self.is_comparison() || as_bool {
            value
        } else if value == 1.0 {
            kept
        } else {
            ABSENT
        }
    }
}

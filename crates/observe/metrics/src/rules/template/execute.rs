//! Fills a tree's places in.

use super::Data;
use super::functions;
use super::parse::{Branch, Node, Operand, Pipeline};
use super::value::Value;

/// What one expansion may do: nodes run, bytes written and queries asked, each weighed
/// by its cost. A template of a few pages uses some hundreds.
const BUDGET: usize = 1 << 20;
/// What a query costs of it: at most some dozens are asked.
pub const QUERY: usize = BUDGET / 32;

pub struct Run<'a> {
    pub data: &'a Data<'a>,
    /// The innermost last.
    variables: Vec<(String, Value)>,
    output: String,
    budget: usize,
}

impl<'a> Run<'a> {
    pub fn new(
        data: &'a Data<'a>,
        variables: impl IntoIterator<Item = (String, Value)>,
    ) -> Run<'a> {
        let variables = variables.into_iter().collect();
        Run { data, variables, output: String::new(), budget: BUDGET }
    }

    pub fn into_output(self) -> String {
        self.output
    }

    pub fn spend(&mut self, cost: usize) -> Result<(), String> {
        let left = self.budget.checked_sub(cost);
        self.budget = left.ok_or("the template's budget of work is used up")?;
        Ok(())
    }

    pub fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<(), String> {
        for node in nodes {
            self.spend(1)?;
            match node {
                Node::Text(text) => self.write(text)?,
                Node::Action(pipeline) => {
                    let value = self.pipeline(pipeline, dot)?;
                    if pipeline.variables.is_empty() {
                        self.write(&value.printed())?;
                    } else {
                        self.bind(pipeline, value)?;
                    }
                }
                Node::If(branch) => self.scoped(|run| run.branch(branch, dot, false))?,
                Node::With(branch) => self.scoped(|run| run.branch(branch, dot, true))?,
                Node::Range(branch) => self.scoped(|run| run.range(branch, dot))?,
            }
        }
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<(), String> {
        self.spend(text.len())?;
        self.output.push_str(text);
        Ok(())
    }

    /// Variables that are declared inside end with it.
    fn scoped(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        let outer = self.variables.len();
        let result = inside(self);
        self.variables.truncate(outer);
        result
    }

    fn bind(&mut self, pipeline: &Pipeline, value: Value) -> Result<(), String> {
        let Some(name) = pipeline.variables.last() else { return Ok(()) };
        if !pipeline.is_assignment {
            self.variables.push((name.clone(), value));
            return Ok(());
        }
        let known = self.variables.iter_mut().rev().find(|(own, _)| own == name);
        let (_, place) = known.ok_or_else(|| format!("undefined variable \"${name}\""))?;
        *place = value;
        Ok(())
    }

    fn branch(&mut self, branch: &Branch, dot: &Value, sets_dot: bool) -> Result<(), String> {
        let value = self.pipeline(&branch.pipeline, dot)?;
        let is_true = value.is_true();
        self.bind(&branch.pipeline, value.clone())?;
        match is_true {
            true if sets_dot => self.nodes(&branch.then, &value),
            true => self.nodes(&branch.then, dot),
            false => self.nodes(&branch.otherwise, dot),
        }
    }

    fn range(&mut self, branch: &Branch, dot: &Value) -> Result<(), String> {
        let (keys, values): (Vec<Value>, Vec<Value>) = match self.pipeline(&branch.pipeline, dot)? {
            Value::List(list) => list
                .into_iter()
                .enumerate()
                .map(|(at, value)| (Value::Int(at as i64), value))
                .unzip(),
            Value::Labels(labels) => labels
                .into_iter()
                .map(|(name, value)| (Value::Text(name), Value::Text(value)))
                .unzip(),
            Value::Nil => (vec![], vec![]),
            other => return Err(format!("range can't iterate over {}", other.printed())),
        };
        if values.is_empty() {
            return self.nodes(&branch.otherwise, dot);
        }
        for (key, value) in keys.into_iter().zip(values) {
            self.scoped(|run| {
                match branch.pipeline.variables.as_slice() {
                    [] => {}
                    [element] => run.variables.push((element.clone(), value.clone())),
                    [index, element, ..] => {
                        run.variables.push((index.clone(), key));
                        run.variables.push((element.clone(), value.clone()));
                    }
                }
                run.nodes(&branch.then, &value)
            })?;
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Value, String> {
        let mut piped = None;
        for command in &pipeline.commands {
            piped = Some(self.command(command, piped, dot)?);
        }
        Ok(piped.unwrap_or(Value::Nil))
    }

    /// One function with its arguments, the piped one last, or one value.
    fn command(
        &mut self,
        command: &[Operand],
        piped: Option<Value>,
        dot: &Value,
    ) -> Result<Value, String> {
        self.spend(1)?;
        let Some((first, rest)) = command.split_first() else { return Ok(Value::Nil) };
        if let Operand::Function(name) = first {
            let mut arguments = Vec::with_capacity(rest.len() + 1);
            for operand in rest {
                arguments.push(self.operand(operand, dot)?);
            }
            arguments.extend(piped);
            return functions::call(self, name, arguments)
                .map_err(|reason| format!("error calling {name}: {reason}"));
        }
        if !rest.is_empty() || piped.is_some() {
            return Err("can't give argument to non-function".into());
        }
        self.operand(first, dot)
    }

    fn operand(&mut self, operand: &Operand, dot: &Value) -> Result<Value, String> {
        let value = match operand {
            Operand::Dot => Ok(dot.clone()),
            Operand::Value(value) => Ok(value.clone()),
            Operand::Variable(name) => {
                let known = self.variables.iter().rev().find(|(own, _)| own == name);
                known
                    .map(|(_, value)| value.clone())
                    .ok_or_else(|| format!("undefined variable \"${name}\""))
            }
            Operand::Function(_) => self.command(std::slice::from_ref(operand), None, dot),
            Operand::Nested(pipeline) => self.pipeline(pipeline, dot),
            Operand::Field(owner, name) => self.operand(owner, dot)?.field(name),
        }?;
        self.spend(value.weight())?;
        Ok(value)
    }
}

//! What queues have and what is taken of it: pure arithmetic.

use std::collections::BTreeMap;
use std::sync::Arc;

use dais_api::{Queue, QueueSpec};
use dais_quantity::{Amounts, as_f64, format, parse};
use kube::ResourceExt;

/// The books of all queues.
#[derive(Clone, Debug, Default)]
pub struct Book {
    accounts: BTreeMap<String, Account>,
}

#[derive(Clone, Debug)]
struct Account {
    spec: QueueSpec,
    nominal: Amounts,
    /// What it may take beyond its own; what is not here has no limit.
    borrowing: Amounts,
    used: Amounts,
}

/// Why something does not fit, in figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    pub resource: String,
    pub wanted: i128,
    pub free: i128,
    pub of: i128,
}

impl Shortage {
    /// `wants cpu 4, 2 of 8 are free`
    pub fn words(&self) -> String {
        let Self { resource, wanted, free, of } = self;
        let amount = |amount: &i128| format(resource, (*amount).max(0)).0;
        format!("wants {resource} {}, {} of {} are free", amount(wanted), amount(free), amount(of))
    }
}

impl Book {
    pub fn new(queues: &[Arc<Queue>]) -> Self {
        let account = |queue: &Arc<Queue>| {
            let spec = queue.spec.clone();
            let of = |quantity| parse(quantity).max(0);
            let nominal = spec.resources.iter().map(|r| (r.name.clone(), of(&r.nominal_quota)));
            let borrowing = spec.resources.iter();
            let borrowing =
                borrowing.filter_map(|r| Some((r.name.clone(), of(r.borrowing_limit.as_ref()?))));
            let (nominal, borrowing) = (nominal.collect(), borrowing.collect());
            (queue.name_any(), Account { spec, nominal, borrowing, used: Amounts::new() })
        };
        Self { accounts: queues.iter().map(account).collect() }
    }

    pub fn spec(&self, queue: &str) -> Option<&QueueSpec> {
        self.accounts.get(queue).map(|account| &account.spec)
    }

    pub fn take(&mut self, queue: &str, amounts: &Amounts) {
        self.change(queue, amounts, 1);
    }

    pub fn give_back(&mut self, queue: &str, amounts: &Amounts) {
        self.change(queue, amounts, -1);
    }

    fn change(&mut self, queue: &str, amounts: &Amounts, sign: i128) {
        let Some(account) = self.accounts.get_mut(queue) else { return };
        for (name, amount) in amounts {
            *account.used.entry(name.clone()).or_default() += sign * amount;
        }
    }

    /// Whether the amounts can be had now.
    pub fn fits(&self, queue: &str, amounts: &Amounts) -> Result<(), Shortage> {
        self.check(queue, amounts, |account, name| account.used_of(name))
    }

    /// Whether the amounts could be had if nobody else took anything.
    pub fn could_fit(&self, queue: &str, amounts: &Amounts) -> Result<(), Shortage> {
        self.check(queue, amounts, |_, _| 0)
    }

    fn check(
        &self,
        queue: &str,
        amounts: &Amounts,
        used: impl Fn(&Account, &str) -> i128,
    ) -> Result<(), Shortage> {
        let Some(account) = self.accounts.get(queue) else { return Ok(()) };
        for (name, wanted) in amounts {
            let Some(own) = account.nominal.get(name) else { continue };
            let short = |of: i128, used: i128| {
                let free = of - used;
                let resource = name.clone();
                (*wanted > free).then_some(Shortage { resource, wanted: *wanted, free, of })
            };
            let members: Vec<&Account> = self.cohort(account).collect();
            let all: i128 = members.iter().filter_map(|member| member.nominal.get(name)).sum();
            let most = match account.borrowing.get(name) {
                Some(limit) if account.spec.cohort.is_some() => own + limit,
                None if account.spec.cohort.is_some() => all,
                _ => *own,
            };
            let taken: i128 = members.iter().map(|member| used(member, name)).sum();
            let shortage = short(most, used(account, name)).or_else(|| short(all, taken));
            if let Some(shortage) = shortage {
                return Err(shortage);
            }
        }
        Ok(())
    }

    /// Whether the queue would stay within its own with the amounts.
    pub fn is_own(&self, queue: &str, amounts: &Amounts) -> bool {
        self.accounts.get(queue).is_some_and(|account| {
            amounts.iter().all(|(name, wanted)| {
                account.nominal.get(name).is_none_or(|own| account.used_of(name) + wanted <= *own)
            })
        })
    }

    /// Other queues of the cohort that have taken more than their own of something
    /// that is wanted.
    pub fn borrowers(&self, queue: &str, amounts: &Amounts) -> Vec<&str> {
        let Some(account) = self.accounts.get(queue) else { return Vec::new() };
        if account.spec.cohort.is_none() {
            return Vec::new();
        }
        let borrows = |other: &Account| {
            amounts.keys().any(|name| {
                account.nominal.contains_key(name)
                    && other.nominal.get(name).is_some_and(|own| other.used_of(name) > *own)
            })
        };
        let others = self.accounts.iter().filter(|(name, other)| {
            name.as_str() != queue && other.spec.cohort == account.spec.cohort && borrows(other)
        });
        others.map(|(name, _)| name.as_str()).collect()
    }

    /// Whether two queues share what they have.
    pub fn are_together(&self, one: &str, other: &str) -> bool {
        let cohort = |queue| self.accounts.get(queue).and_then(|a| a.spec.cohort.as_ref());
        one == other || cohort(one).is_some() && cohort(one) == cohort(other)
    }

    /// The largest share that the queue has taken of anything of its own: who has
    /// taken least comes first.
    pub fn share(&self, queue: &str) -> f64 {
        let Some(account) = self.accounts.get(queue) else { return 0.0 };
        let shares = account.nominal.iter().map(|(name, own)| {
            let used = as_f64(account.used_of(name));
            if *own > 0 { used / as_f64(*own) } else { used }
        });
        shares.fold(0.0, f64::max)
    }

    /// (resource, used, borrowed) of what the queue shares out.
    pub fn uses(&self, queue: &str) -> Vec<(String, i128, i128)> {
        let account = self.accounts.get(queue);
        let nominal = account.into_iter().flat_map(|account| {
            account.nominal.iter().map(|(name, own)| (name, *own, account.used_of(name)))
        });
        nominal.map(|(name, own, used)| (name.clone(), used, (used - own).max(0))).collect()
    }

    fn cohort<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = &'a Account> {
        let alone = account.spec.cohort.is_none();
        self.accounts.values().filter(move |other| {
            if alone {
                std::ptr::eq(*other, account)
            } else {
                other.spec.cohort == account.spec.cohort
            }
        })
    }
}

impl Account {
    fn used_of(&self, name: &str) -> i128 {
        self.used.get(name).copied().unwrap_or(0)
    }
}

//! How the replicas of an attempt find each other: PyTorch's environment variables
//! for `init_process_group("env://")`, and those that `torchrun` reads.
//!
//! Rank 0 listens; the others reach it at the address of a Service, which is known
//! before any pod has one. Its port is another than the one listened on: pods may share
//! the network of their machine, and a listener on every address of it leaves no room
//! for the Service's own. For the same reason each attempt has another port.
//!
//! Source: <https://pytorch.org/docs/stable/distributed.html>,
//! *Environment variable initialization*, and `torchrun`'s `PET_` variables.

use std::collections::BTreeMap;

use dais_api::{TrainingJob, labels};
use k8s_openapi::api::core::v1::{EnvVar, Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{Resource, ResourceExt};
use sha2::{Digest, Sha256};

use super::{ATTEMPT, JOB, RANK, pod};
use crate::apply::apply;
use crate::context::Context;
use crate::error::{Error, Result};

/// Port of the Service: the one that PyTorch takes when none is named.
const PORT: i32 = 29_500;
/// Ports that rank 0 may listen on: below those that Linux gives to clients.
const PORTS: std::ops::Range<i32> = 20_000..32_000;

/// Where rank 0 is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// For the other ranks; `None` when there are none.
    address: Option<String>,
    /// What rank 0 listens on.
    port: i32,
}

/// Makes the Service of a job with several replicas.
pub async fn arrange(job: &TrainingJob, number: i32, context: &Context) -> Result<Meeting> {
    let port = port(job, number);
    if job.spec.replicas() == 1 {
        return Ok(Meeting { address: None, port });
    }
    let service = apply(&context.client, &service(job, number, port)).await?;
    let address = service.spec.and_then(|spec| spec.cluster_ip);
    let address = address.filter(|address| !address.is_empty() && address != "None");
    let incomplete = || Error::Incomplete {
        kind: "Service",
        name: service.metadata.name.clone().unwrap_or_default(),
        field: "spec.clusterIP",
    };
    Ok(Meeting { address: Some(address.ok_or_else(incomplete)?), port })
}

fn service(job: &TrainingJob, number: i32, port: i32) -> Service {
    let selector = BTreeMap::from([
        (JOB.to_owned(), labels::label_value(&job.name_any())),
        (ATTEMPT.to_owned(), number.to_string()),
        (RANK.to_owned(), "0".to_owned()),
    ]);
    let kind = TrainingJob::kind(&());
    let its = labels::pod_labels(&kind, &job.name_any(), pod::application(job), &pod::user(job));
    Service {
        metadata: ObjectMeta {
            // A Service's name has stricter rules than a job's.
            name: Some(format!("job-{}", job.uid().unwrap_or_default())),
            namespace: job.namespace(),
            labels: Some(its),
            owner_references: Some(job.controller_owner_ref(&()).into_iter().collect()),
            ..ObjectMeta::default()
        },
        spec: Some(ServiceSpec {
            selector: Some(selector),
            publish_not_ready_addresses: Some(true),
            ports: Some(vec![ServicePort {
                name: Some("rendezvous".to_owned()),
                port: PORT,
                target_port: Some(IntOrString::Int(port)),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn port(job: &TrainingJob, number: i32) -> i32 {
    let digest = Sha256::digest(format!("{}/{number}", job.uid().unwrap_or_default()));
    let drawn = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    let span = PORTS.end.abs_diff(PORTS.start);
    PORTS.start + i32::try_from(drawn % span).unwrap_or(0)
}

/// What the program of rank `rank` is told.
pub fn variables(job: &TrainingJob, rank: i32, meeting: &Meeting) -> Vec<EnvVar> {
    let (address, port) = match &meeting.address {
        Some(address) if rank > 0 => (address.clone(), PORT),
        // The pod's own address, which is known only where it runs.
        _ => ("$(POD_IP)".to_owned(), meeting.port),
    };
    let replicas = job.spec.replicas().to_string();
    let (rank, port) = (rank.to_string(), port.to_string());
    let processes = job.spec.processes_per_replica.unwrap_or(1).to_string();
    let variables = [
        ("MASTER_ADDR", address.as_str()),
        ("MASTER_PORT", &port),
        ("WORLD_SIZE", &replicas),
        ("RANK", &rank),
        ("LOCAL_RANK", "0"),
        ("LOCAL_WORLD_SIZE", "1"),
        ("PET_NNODES", &replicas),
        ("PET_NPROC_PER_NODE", &processes),
        ("PET_NODE_RANK", &rank),
        ("PET_MASTER_ADDR", &address),
        ("PET_MASTER_PORT", &port),
    ];
    let variable = |(name, value): (&str, &str)| EnvVar {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        ..EnvVar::default()
    };
    variables.into_iter().map(variable).collect()
}

#[cfg(test)]
mod tests {
    use dais_api::TrainingJobSpec;

    use super::*;

    fn job(replicas: i32) -> TrainingJob {
        let spec = TrainingJobSpec {
            replicas: Some(replicas),
            processes_per_replica: Some(4),
            ..TrainingJobSpec::default()
        };
        let mut job = TrainingJob::new("digits", spec);
        job.metadata.uid = Some("a-uid".to_owned());
        job
    }

    fn told(job: &TrainingJob, rank: i32) -> BTreeMap<String, String> {
        let address = (job.spec.replicas() > 1).then(|| "127.64.0.9".to_owned());
        let meeting = Meeting { address, port: port(job, 1) };
        let pair = |var: EnvVar| (var.name, var.value.unwrap_or_default());
        variables(job, rank, &meeting).into_iter().map(pair).collect()
    }

    #[test]
    fn rank_zero_listens_where_the_others_arrive() {
        let job = job(3);
        let (first, last) = (told(&job, 0), told(&job, 2));
        let service = service(&job, 1, port(&job, 1)).spec.unwrap();
        let opened = &service.ports.unwrap()[0];
        assert_eq!(last["MASTER_ADDR"], "127.64.0.9");
        assert_eq!(last["MASTER_PORT"], opened.port.to_string());
        assert_eq!(opened.target_port, Some(IntOrString::Int(port(&job, 1))));
        assert_eq!(first["MASTER_PORT"], port(&job, 1).to_string());
        assert_eq!(first["MASTER_ADDR"], "$(POD_IP)");
        assert_eq!(service.selector.unwrap()[RANK], "0");
        for (told, rank) in [(&first, "0"), (&last, "2")] {
            assert_eq!((told["RANK"].as_str(), told["WORLD_SIZE"].as_str()), (rank, "3"));
            assert_eq!((told["PET_NODE_RANK"].as_str(), told["PET_NNODES"].as_str()), (rank, "3"));
            assert_eq!(told["PET_NPROC_PER_NODE"], "4");
        }
    }

    #[test]
    fn a_job_alone_is_told_so_and_attempts_have_other_ports() {
        let job = job(1);
        let told = told(&job, 0);
        assert_eq!((told["RANK"].as_str(), told["WORLD_SIZE"].as_str()), ("0", "1"));
        assert!(PORTS.contains(&port(&job, 1)));
        assert_ne!(port(&job, 1), port(&job, 2));
    }
}

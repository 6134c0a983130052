//! Several writers, and content that several keys share.

use super::{BUCKET, PROJECT, fixtures, put, text, to};
use crate::error::Error;
use crate::{Condition, Put};

#[tokio::test]
async fn of_two_writers_to_one_key_one_stays_whole() {
    for fixture in fixtures().await {
        let buckets = &fixture.buckets;
        let texts: Vec<String> = (0..8).map(|at| format!("{at}").repeat(100 + at)).collect();
        let writes = texts.iter().map(|text| put(buckets, to("k"), text));
        for written in futures::future::join_all(writes).await {
            written.unwrap();
        }
        let left = text(buckets, "k").await.unwrap();
        assert!(texts.contains(&left), "{left}");
        // The other seven are garbage.
        fixture.until_files(1).await;
        assert_eq!(text(buckets, "k").await.unwrap(), left);
    }
}

#[tokio::test]
async fn of_those_who_want_to_make_a_key_one_does() {
    for fixture in fixtures().await {
        let buckets = &fixture.buckets;
        let absent = || Put { condition: Condition::Absent, ..to("lock") };
        let texts = ["0", "1", "2", "3", "4", "5"];
        let writes = texts.map(|text| put(buckets, absent(), text));
        let done = futures::future::join_all(writes).await;
        let made = done.iter().filter(|one| one.is_ok()).count();
        assert_eq!(made, 1, "{done:?}");
        let refused = done.iter().filter(|one| matches!(one, Err(Error::Condition))).count();
        assert_eq!(refused, 5, "{done:?}");
        let etag = buckets.object(PROJECT, BUCKET, "lock").await.unwrap().etag;
        // What the others brought is garbage.
        fixture.until_files(1).await;
        let with = |condition| Put { condition, ..to("lock") };
        let other = put(buckets, with(Condition::Etag("0".repeat(32))), "no").await;
        assert!(matches!(other, Err(Error::Condition)), "{other:?}");
        put(buckets, with(Condition::Etag(etag)), "yes").await.unwrap();
        assert_eq!(text(buckets, "lock").await.unwrap(), "yes");
        let missing = put(buckets, Put { condition: Condition::Present, ..to("new") }, "no").await;
        assert!(matches!(missing, Err(Error::Condition)), "{missing:?}");
    }
}

#[tokio::test]
async fn content_is_stored_once_and_stays_while_a_key_names_it() {
    for fixture in fixtures().await {
        let buckets = &fixture.buckets;
        let first = put(buckets, to("a"), "same").await.unwrap();
        put(buckets, to("b"), "same").await.unwrap();
        buckets.copy_object(&first, to("c")).await.unwrap();
        assert_eq!(fixture.files().len(), 1);
        for key in ["a", "b"] {
            buckets.delete_object(PROJECT, BUCKET, key, &Condition::None).await.unwrap();
        }
        buckets.sweep().await.unwrap();
        assert_eq!(text(buckets, "c").await.unwrap(), "same");
        buckets.delete_object(PROJECT, BUCKET, "c", &Condition::None).await.unwrap();
        fixture.until_files(0).await;
        // A copy of what is gone meanwhile names nothing.
        let copied = buckets.copy_object(&first, to("d")).await;
        assert!(matches!(copied, Err(Error::NoObject(_))), "{copied:?}");
    }
}

#[tokio::test]
async fn a_bucket_with_objects_is_not_deleted() {
    for fixture in fixtures().await {
        let buckets = &fixture.buckets;
        put(buckets, to("a"), "x").await.unwrap();
        let refused = buckets.delete_bucket(PROJECT, BUCKET).await;
        assert!(matches!(refused, Err(Error::NotEmpty(_))), "{refused:?}");
        buckets.delete_object(PROJECT, BUCKET, "a", &Condition::None).await.unwrap();
        buckets.delete_bucket(PROJECT, BUCKET).await.unwrap();
        let refused = put(buckets, to("a"), "x").await;
        assert!(matches!(refused, Err(Error::NoBucket(_))), "{refused:?}");
        let refused = buckets.create_bucket(PROJECT, crate::DATASETS, "ann").await;
        assert!(matches!(refused, Err(Error::BucketExists(_))), "{refused:?}");
    }
}

//! Uploads in parts.

use super::{BUCKET, Fixture, PROJECT, body, fixtures, text, to};
use crate::checksum::Announced;
use crate::completion::Named;
use crate::error::{Error, Result};
use crate::uploads::{Of, Part, Plan};
use crate::{Algorithm, Buckets, Condition, Object};

fn of(id: &str) -> Of<'_> {
    Of { project: PROJECT, bucket: BUCKET, key: "big", id }
}

async fn part(buckets: &Buckets, id: &str, number: i64, text: &str) -> Result<Part> {
    buckets.put_part(of(id), number, Announced::default(), body(text), || None).await
}

fn named(part: &Part) -> Named {
    Named { number: part.number, etag: Some(part.md5.clone()), checksum: None }
}

async fn complete(buckets: &Buckets, id: &str, parts: &[&Part]) -> Result<Object> {
    let list = parts.iter().map(|part| named(part)).collect();
    let checked = buckets.check_completion(of(id), list, Condition::None, None).await?;
    buckets.complete(checked).await
}

async fn begun(fixture: &Fixture, plan: Plan) -> String {
    fixture.buckets.begin_upload(&to("big"), plan).await.unwrap()
}

#[tokio::test]
async fn parts_outlive_the_process_and_become_one_object() {
    for fixture in fixtures().await {
        let crc = Plan { algorithm: Some(Algorithm::Crc32), full: false };
        let id = begun(&fixture, crc).await;
        part(&fixture.buckets, &id, 2, "wrong").await.unwrap();
        let two = part(&fixture.buckets, &id, 2, "world").await.unwrap();
        // A kill in between; the parts are content with rows, which a sweep leaves.
        let buckets = fixture.reopened().await;
        buckets.sweep().await.unwrap();
        let one = part(&buckets, &id, 1, "hello ").await.unwrap();
        let object = complete(&buckets, &id, &[&one, &two]).await.unwrap();
        assert_eq!(text(&buckets, "big").await.unwrap(), "hello world");
        // md5(md5("hello ") + md5("world")), as S3 defines it.
        assert_eq!(object.etag, format!("{}-2", expected(&[&one, &two])));
        let checksum = object.checksum.unwrap();
        assert!(checksum.composite && checksum.value.ends_with("-2"), "{checksum:?}");
        buckets.sweep().await.unwrap();
        assert_eq!(fixture.files().len(), 1);
        let again = complete(&buckets, &id, &[&one, &two]).await;
        assert!(matches!(again, Err(Error::NoUpload)), "{again:?}");
    }
}

fn expected(parts: &[&Part]) -> String {
    use md5::Digest;
    let bytes = parts.iter().flat_map(|part| {
        (0..16).map(|at| u8::from_str_radix(&part.md5[2 * at..2 * at + 2], 16).unwrap())
    });
    crate::checksum::hex(&md5::Md5::digest(bytes.collect::<Vec<u8>>()))
}

#[tokio::test]
async fn lists_that_do_not_fit_leave_the_upload_as_it_was() {
    for fixture in fixtures().await {
        let buckets = &fixture.buckets;
        let id = begun(&fixture, Plan { algorithm: Some(Algorithm::Crc32), full: true }).await;
        let one = part(buckets, &id, 1, "hello ").await.unwrap();
        let two = part(buckets, &id, 2, "w").await.unwrap();
        let three = part(buckets, &id, 3, "orld").await.unwrap();
        let unknown = Part { number: 4, ..three.clone() };
        let other = Part { md5: "0".repeat(32), ..one.clone() };
        let order = complete(buckets, &id, &[&two, &one]).await;
        assert!(matches!(order, Err(Error::PartOrder)), "{order:?}");
        let short = complete(buckets, &id, &[&one, &two, &three]).await;
        assert!(matches!(short, Err(Error::PartTooSmall { number: 2, .. })), "{short:?}");
        for bad in [&unknown, &other] {
            let refused = complete(buckets, &id, &[bad]).await;
            assert!(matches!(refused, Err(Error::Part { .. })), "{refused:?}");
        }
        let none = complete(buckets, &id, &[]).await;
        assert!(matches!(none, Err(Error::Invalid { .. })), "{none:?}");
        for number in [0, -1, 10_001] {
            let refused = part(buckets, &id, number, "x").await;
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
        }
        let list = vec![named(&one), named(&two)];
        let wrong = Some("AAAAAA==".to_owned());
        let checked = buckets.check_completion(of(&id), list, Condition::None, wrong).await;
        let refused = buckets.complete(checked.unwrap()).await;
        assert!(matches!(refused, Err(Error::Checksum { .. })), "{refused:?}");
        let object = complete(buckets, &id, &[&one, &two]).await.unwrap();
        assert_eq!(text(buckets, "big").await.unwrap(), "hello w");
        assert!(!object.checksum.unwrap().composite);
    }
}

#[tokio::test]
async fn uploads_are_somebodys_and_end() {
    for fixture in fixtures().await {
        let buckets = &fixture.buckets;
        let id = begun(&fixture, Plan::default()).await;
        let one = part(buckets, &id, 1, "hello").await.unwrap();
        for foreign in [
            Of { project: "other", ..of(&id) },
            Of { bucket: "other", ..of(&id) },
            Of { key: "other", ..of(&id) },
        ] {
            let refused =
                buckets.put_part(foreign, 1, Announced::default(), body("x"), || None).await;
            assert!(matches!(refused, Err(Error::NoUpload)), "{refused:?}");
        }
        let refused = buckets.delete_bucket(PROJECT, BUCKET).await;
        assert!(matches!(refused, Err(Error::NotEmpty(_))), "{refused:?}");
        let listed = buckets.list_uploads((PROJECT, BUCKET), "b", ("", ""), 10).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert!(
            buckets.list_uploads((PROJECT, BUCKET), "c", ("", ""), 10).await.unwrap().is_empty()
        );
        buckets.remove_upload(PROJECT, &id).await.unwrap();
        fixture.until_files(0).await;
        let refused = complete(buckets, &id, &[&one]).await;
        assert!(matches!(refused, Err(Error::NoUpload)), "{refused:?}");
        let refused = part(buckets, &id, 2, "late").await;
        assert!(matches!(refused, Err(Error::NoUpload)), "{refused:?}");
    }
}

#[tokio::test]
async fn abandoned_uploads_go() {
    for fixture in fixtures().await {
        let buckets = &fixture.buckets;
        let (old, new) =
            (begun(&fixture, Plan::default()).await, begun(&fixture, Plan::default()).await);
        part(buckets, &old, 1, "old").await.unwrap();
        part(buckets, &new, 1, "new").await.unwrap();
        let week: i64 = 7 * 24 * 3600 * 1000 + 1000;
        sqlx::query("UPDATE bucket_uploads SET touched_at = touched_at - $1 WHERE id = $2")
            .bind(week)
            .bind(old.clone())
            .execute(buckets.0.database.read())
            .await
            .unwrap();
        buckets.sweep().await.unwrap();
        assert!(matches!(buckets.upload(of(&old)).await, Err(Error::NoUpload)));
        assert!(buckets.upload(of(&new)).await.is_ok());
        fixture.until_files(1).await;
    }
}

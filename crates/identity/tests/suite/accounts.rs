//! Users, groups and passwords.

use dais_identity::{ADMIN_USER, ADMINS, Error, Identity, NewUser, Secret};

use crate::databases::fixtures;

pub fn ann() -> NewUser {
    NewUser {
        name: "ann".to_owned(),
        password: Some(Secret::new("correct horse")),
        groups: vec!["vision".to_owned(), "vision".to_owned()],
    }
}

#[tokio::test]
async fn the_first_start_makes_an_administrator_once() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        let user = identity.verify_password(ADMIN_USER, &fixture.admin_password).await.unwrap();
        assert_eq!(user.groups, [ADMINS]);
        identity.close().await.unwrap();

        let again = Identity::open(fixture.options.clone()).await.unwrap();
        assert!(again.admin_password.is_none());
        assert_eq!(again.identity.users().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_password_opens_its_own_account_and_no_other() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        let made = identity.create_user(ann()).await.unwrap();
        assert_eq!((made.name.as_str(), made.groups.len()), ("ann", 1));
        let right = Secret::new("correct horse");
        assert_eq!(identity.verify_password("ann", &right).await.unwrap(), made);
        for (name, password) in [
            ("ann", "correct horsf"),
            ("nobody", "correct horse"),
            ("admin", "correct horse"),
            ("ann", ""),
        ] {
            let refused = identity.verify_password(name, &Secret::new(password)).await;
            assert!(matches!(refused, Err(Error::WrongPassword)), "{name} {password}");
        }
    }
}

#[tokio::test]
async fn a_user_without_a_password_cannot_use_an_empty_one() {
    for fixture in fixtures().await {
        let bob = NewUser { name: "bob".to_owned(), password: None, groups: vec![] };
        fixture.identity.create_user(bob).await.unwrap();
        let refused = fixture.identity.verify_password("bob", &Secret::new("")).await;
        assert!(matches!(refused, Err(Error::WrongPassword)));
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_for_known_and_unknown_names_alike() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        for name in ["admin", "nobody"] {
            for _ in 0..5 {
                let refused = identity.verify_password(name, &Secret::new("guess")).await;
                assert!(matches!(refused, Err(Error::WrongPassword)));
            }
            let refused = identity.verify_password(name, &Secret::new("guess")).await;
            assert!(matches!(refused, Err(Error::Throttled { .. })));
        }
        // Not even the right password gets through before the time.
        let refused = identity.verify_password("admin", &fixture.admin_password).await;
        assert!(matches!(refused, Err(Error::Throttled { .. })));
        fixture.pass(1);
        identity.verify_password("admin", &fixture.admin_password).await.unwrap();
    }
}

#[tokio::test]
async fn bad_accounts_are_refused_with_the_field() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        let with = |change: fn(&mut NewUser)| {
            let mut user = ann();
            change(&mut user);
            user
        };
        for (user, wanted) in [
            (with(|user| user.name = "system:admin".to_owned()), "name"),
            (with(|user| user.name = String::new()), "name"),
            (with(|user| user.name = "Ann".to_owned()), "name"),
            (with(|user| user.name = "a/../b".to_owned()), "name"),
            (with(|user| user.password = Some(Secret::new("short"))), "password"),
            (with(|user| user.groups = vec!["system:masters".to_owned()]), "groups"),
        ] {
            let error = identity.create_user(user).await.unwrap_err();
            assert!(matches!(error, Error::Invalid { field, .. } if field == wanted), "{error}");
        }
        assert_eq!(identity.users().await.unwrap().len(), 1);
        identity.create_user(ann()).await.unwrap();
        let twice = identity.create_user(ann()).await.unwrap_err();
        assert!(matches!(twice, Error::Exists { .. }));
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        let delete = identity.delete_user(ADMIN_USER).await.unwrap_err();
        assert!(matches!(delete, Error::LastAdmin { .. }));
        let demote = identity.set_groups(ADMIN_USER, &[]).await.unwrap_err();
        assert!(matches!(demote, Error::LastAdmin { .. }));
        assert_eq!(identity.user(ADMIN_USER).await.unwrap().groups, [ADMINS]);

        identity.create_user(ann()).await.unwrap();
        identity.set_groups("ann", &[ADMINS.to_owned()]).await.unwrap();
        identity.delete_user(ADMIN_USER).await.unwrap();
        let names: Vec<_> =
            identity.users().await.unwrap().into_iter().map(|user| user.name).collect();
        assert_eq!(names, ["ann"]);
        let missing = identity.delete_user("nobody").await.unwrap_err();
        assert!(matches!(missing, Error::NotFound { .. }));
    }
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        identity.create_user(ann()).await.unwrap();
        let (mine, other) = (
            identity.open_session("ann").await.unwrap().key,
            identity.open_session("ann").await.unwrap().key,
        );
        let admins = identity.open_session(ADMIN_USER).await.unwrap().key;
        let new = Secret::new("battery staple");
        identity.set_password("ann", &new, Some(&mine)).await.unwrap();
        assert!(identity.session(&mine).await.unwrap().is_some());
        assert!(identity.session(&other).await.unwrap().is_none());
        assert!(identity.session(&admins).await.unwrap().is_some());
        identity.verify_password("ann", &new).await.unwrap();
        let old = identity.verify_password("ann", &Secret::new("correct horse")).await;
        assert!(matches!(old, Err(Error::WrongPassword)));
    }
}

#[tokio::test]
async fn a_language_is_kept() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        identity.set_language(ADMIN_USER, "zh-CN").await.unwrap();
        assert_eq!(identity.user(ADMIN_USER).await.unwrap().language, "zh-CN");
        let refused = identity.set_language(ADMIN_USER, "<script>").await;
        assert!(matches!(refused, Err(Error::Invalid { field: "language", .. })));
    }
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused() {
    for fixture in fixtures().await {
        fixture.identity.close().await.unwrap();
        use sqlx::Connection;
        let mut raw = sqlx::AnyConnection::connect(&fixture.options.url).await.unwrap();
        sqlx::query("INSERT INTO identity_schema (version) VALUES (99)")
            .execute(&mut raw)
            .await
            .unwrap();
        let error = Identity::open(fixture.options.clone()).await.err().unwrap();
        assert!(matches!(error, Error::NewerVersion { found: 99, .. }));
    }
}

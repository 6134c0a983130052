//! What stands for a caller: sessions, links, API tokens, service accounts.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use dais_identity::{
    ADMIN_USER, ADMINS, API_AUDIENCE, AUTHENTICATED, BoundPod, Error, Secret,
    ServiceAccountRequest, Via,
};

use crate::accounts::ann;
use crate::databases::fixtures;

#[tokio::test]
async fn a_session_ends_when_idle_when_old_and_when_closed() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        let opened = identity.open_session(ADMIN_USER).await.unwrap();
        let session = identity.session(&opened.key).await.unwrap().unwrap();
        assert_eq!(session.caller.user, ADMIN_USER);
        assert_eq!(session.caller.groups, [ADMINS, AUTHENTICATED]);
        assert_eq!(session.caller.via, Via::Session);
        assert!(session.csrf.expose().len() > 20 && session.csrf != opened.key);

        // Used every ten hours it lives for a week, and no longer.
        for _ in 0..16 {
            fixture.pass(10 * 3600);
            assert!(identity.session(&opened.key).await.unwrap().is_some());
        }
        fixture.pass(10 * 3600);
        assert!(identity.session(&opened.key).await.unwrap().is_none());

        let idle = identity.open_session(ADMIN_USER).await.unwrap().key;
        fixture.pass(13 * 3600);
        assert!(identity.session(&idle).await.unwrap().is_none());

        let closed = identity.open_session(ADMIN_USER).await.unwrap().key;
        identity.close_session(&closed).await.unwrap();
        assert!(identity.session(&closed).await.unwrap().is_none());
        assert!(identity.session(&Secret::new("made up")).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_sign_in_link_works_once_and_not_for_long() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        let link = identity.create_sign_in_link(ADMIN_USER).await.unwrap();
        let (first, second) =
            tokio::join!(identity.redeem_sign_in_link(&link), identity.redeem_sign_in_link(&link));
        let users: Vec<_> = [first, second].into_iter().flatten().collect();
        assert_eq!(users, [ADMIN_USER], "exactly one of two at once");

        let late = identity.create_sign_in_link(ADMIN_USER).await.unwrap();
        fixture.pass(16 * 60);
        assert!(matches!(identity.redeem_sign_in_link(&late).await, Err(Error::LinkSpent)));
        let nobody = identity.create_sign_in_link("nobody").await;
        assert!(matches!(nobody, Err(Error::NotFound { .. })));
    }
}

#[tokio::test]
async fn an_api_token_speaks_for_its_user_until_it_ends_or_is_revoked() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        identity.create_user(ann()).await.unwrap();
        let day = Some(Duration::from_secs(86_400));
        let made = identity.create_token("ann", "laptop", day).await.unwrap();
        let forever = identity.create_token("ann", "ci", None).await.unwrap();
        let twice = identity.create_token("ann", "ci", None).await;
        assert!(matches!(twice, Err(Error::Exists { .. })));

        let caller = identity.authenticate(made.token.expose()).await.unwrap().unwrap();
        assert_eq!(caller.user, "ann");
        assert_eq!(caller.groups, ["vision", AUTHENTICATED]);
        assert_eq!(caller.via.to_string(), "token:laptop");
        let listed = identity.tokens("ann").await.unwrap();
        let laptop = listed.iter().find(|info| info.name == "laptop").unwrap();
        assert!(laptop.used_at.is_some() && laptop.expires_at.is_some());
        assert!(!format!("{made:?}").contains(made.token.expose()));

        fixture.pass(86_401);
        assert!(identity.authenticate(made.token.expose()).await.unwrap().is_none());
        assert!(identity.authenticate(forever.token.expose()).await.unwrap().is_some());
        let others = identity.revoke_token(ADMIN_USER, &forever.info.id).await;
        assert!(matches!(others, Err(Error::NotFound { .. })));
        identity.revoke_token("ann", &forever.info.id).await.unwrap();
        assert!(identity.authenticate(forever.token.expose()).await.unwrap().is_none());
        for wrong in ["", "dais_", "dais_made-up", "a.b.c"] {
            assert!(identity.authenticate(wrong).await.unwrap().is_none());
        }
    }
}

#[tokio::test]
async fn nothing_of_a_deleted_user_opens_anything() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        identity.create_user(ann()).await.unwrap();
        let token = identity.create_token("ann", "ci", None).await.unwrap().token;
        let session = identity.open_session("ann").await.unwrap().key;
        let link = identity.create_sign_in_link("ann").await.unwrap();
        assert!(identity.authenticate(token.expose()).await.unwrap().is_some());
        identity.delete_user("ann").await.unwrap();
        // Neither does it for a namesake.
        identity.create_user(ann()).await.unwrap();
        assert!(identity.authenticate(token.expose()).await.unwrap().is_none());
        assert!(identity.session(&session).await.unwrap().is_none());
        assert!(identity.redeem_sign_in_link(&link).await.is_err());
    }
}

#[tokio::test]
async fn new_groups_count_at_once() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        identity.create_user(ann()).await.unwrap();
        let token = identity.create_token("ann", "ci", None).await.unwrap().token;
        let admin =
            async || identity.authenticate(token.expose()).await.unwrap().unwrap().is_admin();
        assert!(!admin().await);
        identity.set_groups("ann", &[ADMINS.to_owned()]).await.unwrap();
        assert!(admin().await);
    }
}

fn request(audiences: &[&str]) -> ServiceAccountRequest {
    ServiceAccountRequest {
        namespace: "vision".to_owned(),
        name: "default".to_owned(),
        uid: "11111111-2222-3333-4444-555555555555".to_owned(),
        audiences: audiences.iter().map(|&name| name.to_owned()).collect(),
        lifetime: Duration::from_secs(3600),
        pod: Some(BoundPod { name: "train-1".to_owned(), uid: "p-1".to_owned() }),
    }
}

#[tokio::test]
async fn a_service_account_token_says_what_kubernetes_says() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        let issued = identity.issue_service_account_token(request(&[])).unwrap();
        let token = issued.token.expose();
        let payload = token.split('.').nth(1).unwrap();
        use base64::Engine;
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["sub"], "system:serviceaccount:vision:default");
        assert_eq!(claims["aud"], serde_json::json!([API_AUDIENCE]));
        assert_eq!(claims["kubernetes.io"]["serviceaccount"]["name"], "default");
        assert_eq!(claims["kubernetes.io"]["pod"]["name"], "train-1");
        assert_eq!(claims["exp"].as_i64().unwrap() * 1000, issued.expires_at);

        let caller = identity.authenticate(token).await.unwrap().unwrap();
        assert_eq!(caller.user, "system:serviceaccount:vision:default");
        assert_eq!(
            caller.groups,
            ["system:serviceaccounts", "system:serviceaccounts:vision", AUTHENTICATED]
        );
        assert_eq!(caller.extra["authentication.kubernetes.io/pod-name"], ["train-1"]);

        fixture.pass(3601);
        assert!(identity.authenticate(token).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn other_audiences_other_keys_and_no_signature_are_refused() {
    let [ours, theirs] = [fixtures().await.swap_remove(0), fixtures().await.swap_remove(0)];
    let vault = ours.identity.issue_service_account_token(request(&["vault"])).unwrap().token;
    assert!(ours.identity.authenticate(vault.expose()).await.unwrap().is_none());
    let reviewed = ours.identity.verify_service_account(vault.expose()).unwrap();
    assert_eq!(reviewed.audiences, ["vault"]);

    let foreign = theirs.identity.issue_service_account_token(request(&[])).unwrap().token;
    assert!(ours.identity.authenticate(foreign.expose()).await.unwrap().is_none());
    let unsigned = foreign.expose().rsplit_once('.').unwrap().0.to_owned() + ".";
    let none =
        "eyJhbGciOiJub25lIn0.".to_owned() + foreign.expose().split('.').nth(1).unwrap() + ".";
    for forged in [unsigned, none] {
        assert!(theirs.identity.authenticate(&forged).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn the_signing_key_is_private_and_outlives_a_restart() {
    let fixture = fixtures().await.swap_remove(0);
    let token = fixture.identity.issue_service_account_token(request(&[])).unwrap().token;
    let key = fixture.options.data_dir.join("service-account.key");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fixture.identity.close().await.unwrap();

    let again = dais_identity::Identity::open(fixture.options.clone()).await.unwrap();
    assert!(again.identity.authenticate(token.expose()).await.unwrap().is_some());
    std::fs::write(&key, "torn").unwrap();
    let refused = dais_identity::Identity::open(fixture.options.clone()).await.err().unwrap();
    assert!(matches!(refused, Error::SigningKey { .. }), "{refused}");
}

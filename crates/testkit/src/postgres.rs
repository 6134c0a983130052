//! A PostgreSQL database of a test's own.

use sqlx::Connection;

/// Address of a server that lets tests make databases.
const SERVER: &str = "DAIS_TEST_POSTGRES";

/// Made on the server that [`SERVER`] names; gone when dropped.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// `None` where no server is named, which `CI=true` does not let pass.
    pub async fn create() -> Option<Self> {
        let server = std::env::var(SERVER).ok().filter(|server| !server.is_empty());
        let must = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(server.is_some() || !must, "{SERVER} must be set where CI=true");
        let server = server?;
        let name = format!("dais_test_{}", uuid::Uuid::new_v4().simple());
        execute(&server, format!("CREATE DATABASE {name}")).await;
        Some(Self { server, name })
    }

    pub fn url(&self) -> String {
        let base = self.server.rsplit_once('/').expect("a database in the address").0;
        format!("{base}/{}", self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        // A runtime cannot be entered twice on one thread.
        let done = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(execute(&server, drop));
        });
        let _ = done.join();
    }
}

async fn execute(server: &str, statement: String) {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(server).await.expect("the server answers");
    let statement = sqlx::query(sqlx::AssertSqlSafe(statement));
    statement.execute(&mut connection).await.expect("the server does as asked");
}

//! `dais up`: the platform on this machine, until it is told to stop.

use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::{Target, Up};
use crate::language::say;
use crate::platform::datadir::DataDir;
use crate::platform::{Platform, Stop, Welcome};

/// Enough for a platform that mostly waits; more threads cost idle memory.
const MOST_THREADS: usize = 4;

/// What the log shows unless `DAIS_LOG` says otherwise. s3s calls each refused request an
/// error; what is one, `dais_buckets` says. kube warns with every object of a list that it
/// cannot read; the error itself reaches whoever asked for the list.
const FILTER: &str =
    "warn,dais=info,dais_node=info,dais_controllers=info,s3s=off,kube_client=error";

pub fn run(target: &Target, args: Up) -> Result<ExitCode> {
    let filter = EnvFilter::try_from_env("DAIS_LOG").unwrap_or_else(|_| EnvFilter::new(FILTER));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let data = DataDir::new(target.data_dir.as_deref())?;
    data.prepare()?;
    let lock = data.lock()?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let served = runtime.block_on(serve(data, args));
    // Tasks and threads still have the stores open. Nobody may take the directory before
    // they are gone, which is when this process is.
    std::mem::forget(lock);
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(data: DataDir, args: Up) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for signals")?;
    let platform = Platform::start(data, &args).await?;
    welcome(platform.welcome());
    let stop = tokio::select! {
        _ = interrupt.recv() => Stop::WithWork,
        _ = terminate.recv() => Stop::PlatformOnly,
    };
    if matches!(stop, Stop::WithWork) {
        eprintln!(
            "{}",
            say(
                "stopping the work too; again to stop at once",
                "正在停止全部任务；再次中断将立即退出"
            )
        );
    }
    tokio::select! {
        () = platform.stop(stop) => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn welcome(welcome: &Welcome) {
    let Welcome { url, serve_url, kubernetes_url, s3_url, kubeconfig, admin_password, sign_in } =
        welcome;
    println!("dais {} {}", env!("CARGO_PKG_VERSION"), say("is ready", "已就绪"));
    println!("  {}  {url}", say("portal    ", "门户      "));
    println!("  {}  {serve_url}", say("services  ", "服务      "));
    println!("  s3          {s3_url}");
    println!("  kubernetes  {kubernetes_url}  (KUBECONFIG={})", kubeconfig.display());
    println!("  {}  {sign_in}", say("sign in   ", "登录链接  "));
    if let Some(password) = admin_password {
        println!(
            "  {}  admin / {}  ({})",
            say("first user", "首个用户  "),
            password.expose(),
            say("shown once: keep it", "仅显示一次，请妥善保存")
        );
    }
}

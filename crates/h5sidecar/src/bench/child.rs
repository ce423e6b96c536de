//! A program that is timed: with its peak memory, and an end to one's patience.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What a program did.
#[derive(Clone, Debug)]
pub struct Ran {
    /// From its start to its end.
    pub seconds: f64,
    /// Bytes of memory that it held at most, if the system tells.
    pub peak_memory: Option<u64>,
    /// What it wrote to standard output.
    pub printed: String,
    /// How it ended.
    pub ended: Ended,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, well.
    Well,
    /// By itself, in failure: what it said last.
    Failed(String),
    /// By us, for it took too long.
    Killed,
}

/// Runs a program to its end, or for as long as `patience` lasts: then it is killed, with all that it
/// has started.
///
/// # Errors
/// If it cannot be started, or waited for.
pub fn run(command: &mut Command, patience: Duration) -> io::Result<Ran> {
    // Files and not pipes: nobody has to read along.
    let (mut printed, mut said) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null());
    command.stdout(printed.try_clone()?).stderr(said.try_clone()?);
    let (status, seconds, peak_memory, killed) = wait(command, patience)?;
    let ended = match (killed, status.success()) {
        (true, _) => Ended::Killed,
        (false, true) => Ended::Well,
        (false, false) => Ended::Failed(last_words(&text(&mut said)?, status)),
    };
    Ok(Ran { seconds, peak_memory, printed: text(&mut printed)?, ended })
}

fn text(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The last line, which is where programs say why they gave up.
fn last_words(said: &str, status: ExitStatus) -> String {
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
    last.map_or_else(|| status.to_string(), str::to_owned)
}

#[cfg(unix)]
fn wait(
    command: &mut Command,
    patience: Duration,
) -> io::Result<(ExitStatus, f64, Option<u64>, bool)> {
    use std::os::unix::process::CommandExt as _;
    use std::sync::mpsc;

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
    use wait4::Wait4 as _;

    // In a group of its own, so that what it starts can be ended with it.
    command.process_group(0);
    let start = Instant::now();
    let mut child = command.spawn()?;
    let pid = Pid::from_child(&child);
    let (over, ended) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let timed_out = ended.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout);
        timed_out && kill_process_group(pid, Signal::KILL).is_ok()
    });
    // It stays a zombie until the watch is over, so that its number is nobody else's.
    let waited = loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Err(rustix::io::Errno::INTR) => {}
            waited => break waited,
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    drop(over);
    let killed = watch.join().unwrap_or(false);
    waited?;
    let used = child.wait4()?;
    Ok((used.status, seconds, Some(used.rusage.maxrss), killed))
}

#[cfg(not(unix))]
fn wait(
    command: &mut Command,
    patience: Duration,
) -> io::Result<(ExitStatus, f64, Option<u64>, bool)> {
    let start = Instant::now();
    let mut child = command.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, start.elapsed().as_secs_f64(), None, false));
        }
        if start.elapsed() > patience {
            child.kill()?;
            return Ok((child.wait()?, start.elapsed().as_secs_f64(), None, true));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str, patience: Duration) -> io::Result<Ran> {
        run(Command::new("sh").args(["-c", script]), patience)
    }

    #[test]
    fn what_a_program_prints_and_takes() {
        let ran = sh("echo out; echo err >&2", Duration::from_secs(60)).unwrap();
        assert_eq!((ran.printed.as_str(), ran.ended), ("out\n", Ended::Well));
        assert!(ran.peak_memory.unwrap() > 100_000);
    }

    #[test]
    fn why_a_program_failed() {
        let ran =
            sh("echo first >&2; echo why >&2; echo >&2; exit 3", Duration::from_secs(60)).unwrap();
        assert_eq!(ran.ended, Ended::Failed("why".to_owned()));
    }

    /// With its children: the shell waits for one that sleeps.
    #[test]
    fn who_takes_too_long_is_killed() {
        let ran = sh("sleep 100; echo done", Duration::from_millis(50)).unwrap();
        assert_eq!((ran.printed.as_str(), ran.ended), ("", Ended::Killed));
        assert!(ran.seconds < 50.0);
    }
}

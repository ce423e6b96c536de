//! A program that is timed: with its peak memory, and an end to one's patience.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often a program's memory is looked at. What it needs in the last moment only is not seen.
#[cfg(unix)]
const GLANCE: Duration = Duration::from_millis(2);

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
    use std::sync::mpsc::{RecvTimeoutError, channel};

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

    // In a group of its own, so that what it starts can be ended with it.
    command.process_group(0);
    let start = Instant::now();
    let mut child = command.spawn()?;
    let pid = Pid::from_child(&child);
    let (over, ended) = channel::<()>();
    let watch = std::thread::spawn(move || {
        let (mut peak, mut killed) = (None, false);
        while ended.recv_timeout(GLANCE) == Err(RecvTimeoutError::Timeout) {
            peak = peak.max(peak_memory(pid.as_raw_nonzero().get()));
            if start.elapsed() > patience && !killed {
                killed = kill_process_group(pid, Signal::KILL).is_ok();
            }
        }
        (peak, killed)
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
    let (peak, killed) = watch.join().unwrap_or_default();
    waited?;
    Ok((child.wait()?, seconds, peak, killed))
}

/// The peak so far of a process. What the system tells of it in the end (`ru_maxrss`) is of no use: it is
/// not less than the peak of the process that started it, which is us.
#[cfg(unix)]
fn peak_memory(pid: i32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes << 10)
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
        let ran = sh("echo out; echo err >&2; sleep 0.1", Duration::from_secs(60)).unwrap();
        assert_eq!((ran.printed.as_str(), ran.ended), ("out\n", Ended::Well));
        assert!(ran.seconds >= 0.1);
    }

    /// Its own, whatever we have held before.
    #[test]
    #[cfg(target_os = "linux")]
    fn what_memory_a_program_takes() {
        let ours = std::hint::black_box(vec![1_u8; 100_000_000]);
        let ran = sh("sleep 0.1", Duration::from_secs(60)).unwrap();
        let peak = ran.peak_memory.unwrap();
        assert!((100_000..50_000_000).contains(&peak), "{peak}");
        drop(ours);
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

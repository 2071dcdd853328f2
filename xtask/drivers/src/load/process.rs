//! What the kernel knows of a process.

use std::{fs, time::Duration};

use crate::Failure;

/// The kernel counts time in hundredths of a second here, on every machine that this runs on.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time of a process so far, all its threads together.
pub fn cpu(pid: u32) -> Result<Duration, Failure> {
    let stat = stat(pid)?;
    let ticks: u64 = [11, 12].into_iter().filter_map(|field| stat.get(field)?.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// The same with its children, those that have ended among them.
pub fn cpu_of_family(pid: u32) -> Result<Duration, Failure> {
    let parent = stat(pid)?;
    let ticks: u64 = (11..=14).filter_map(|field| parent.get(field)?.parse::<u64>().ok()).sum();
    let mut all = Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND);
    let entries = fs::read_dir("/proc").map_err(|error| error.to_string())?;
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    for child in pids {
        // one that ends while we look is counted with the parent's next time
        let Ok(of_child) = stat(child) else { continue };
        if of_child.get(1).and_then(|parent| parent.parse().ok()) == Some(pid) {
            all += cpu(child).unwrap_or_default();
        }
    }
    Ok(all)
}

/// Resident memory now and at its highest, in MiB.
pub fn memory_mib(pid: u32) -> Result<(f64, f64), Failure> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
        kib.unwrap_or_default() / 1_024.0
    };
    Ok((value("VmRSS:"), value("VmHWM:")))
}

/// The fields behind the name, which may hold spaces: state first, then the parent's number.
fn stat(pid: u32) -> Result<Vec<String>, Failure> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let fields = stat.rsplit_once(") ").map(|(_, fields)| fields).unwrap_or_default();
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_very_process_is_known() {
        let pid = std::process::id();
        let (now, highest) = super::memory_mib(pid).expect("memory");
        assert!(now > 0.0 && highest >= now);
        assert!(super::cpu_of_family(pid).expect("a family") >= super::cpu(pid).expect("time"));
    }
}

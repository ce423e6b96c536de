//! What a time was measured on, without which it means nothing.

use serde::Serialize;
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::human::bytes;

/// A machine, as it was when the benchmark began.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The operating system and its kernel.
    pub system: String,
    /// What the processor calls itself.
    pub cpu: String,
    /// Its cores as the system counts them.
    pub logical_cpus: usize,
    /// Its cores, if they are known.
    pub physical_cpus: Option<usize>,
    /// Its frequency, in MHz; 0 if it is not known.
    pub frequency: u64,
    /// Bytes of memory.
    pub memory_total: u64,
    /// Bytes of memory that were free, or could be made free.
    pub memory_available: u64,
    /// Processes that wanted to run in the minute before, on average.
    pub load: f64,
    /// Where the file was, and how fast that answered.
    pub store: Vec<String>,
}

impl Machine {
    /// This machine, now.
    #[must_use]
    pub fn this(store: Vec<String>) -> Self {
        let wanted = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_frequency())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(wanted);
        let cpus = system.cpus();
        let name = System::long_os_version().unwrap_or_else(|| std::env::consts::OS.to_owned());
        let kernel = System::kernel_long_version();
        Self {
            system: format!("{name}, {kernel}, {}", std::env::consts::ARCH),
            cpu: cpus.first().map(|cpu| cpu.brand().trim().to_owned()).unwrap_or_default(),
            logical_cpus: cpus.len(),
            physical_cpus: System::physical_core_count(),
            frequency: cpus.iter().map(sysinfo::Cpu::frequency).max().unwrap_or_default(),
            memory_total: system.total_memory(),
            memory_available: system.available_memory(),
            load: System::load_average().one,
            store,
        }
    }

    /// The machine in a few lines.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let physical = self.physical_cpus.map_or_else(String::new, |n| format!(" ({n} physical)"));
        let frequency = match self.frequency {
            0 => String::new(),
            frequency => format!(", {frequency} MHz"),
        };
        let mut lines = vec![
            format!("CPU: {} logical{physical}, {}{frequency}", self.logical_cpus, self.cpu),
            format!(
                "memory: {}, {} of it available",
                bytes(self.memory_total),
                bytes(self.memory_available)
            ),
            format!("system: {}; load when the benchmark began {:.1}", self.system, self.load),
        ];
        lines.extend(self.store.iter().map(|line| format!("store: {line}")));
        lines
    }
}

//! Prints which variants of which structures each file given has, as this crate decodes them: a line
//! of file, structure, section and variant each. `cargo xtask coverage` makes a table of them.

use h5meta::{Limits, Structure, Walk};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for structure in Structure::ALL {
        println!("\t{structure}\t{}\t", structure.section());
    }
    for path in std::env::args().skip(1) {
        let mut walk = Walk::new(Limits::default());
        walk.supply_whole(std::fs::read(&path)?.into());
        // What is wrong with a file does not matter here: what was decoded of it does.
        let _ = walk.next().and_then(|_| walk.finish());
        for (structure, variant) in h5meta::coverage::take() {
            println!("{path}\t{structure}\t{}\t{variant}", structure.section());
        }
    }
    Ok(())
}

//! What reading a file may cost.

/// Defines the budgets, each with its default and what it is: to set by name, and to list.
macro_rules! limits {
    ($($name:ident = $default:expr, $about:expr;)*) => {
        /// Budgets, charged before anything is allocated or asked for.
        ///
        /// The defaults are far above what real products hold (an ICESat-2 ATL03 granule has about
        /// 1,200 objects, 550,000 chunks and 25 MB of metadata) and low enough that a hostile file
        /// ends soon. Most hostile files end sooner: whatever takes bytes of a file cannot be had more
        /// often than the file has bytes, whatever the budget.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Limits {
            $(#[doc = $about] pub $name: u64,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Limits {
            /// Every budget: its name, its default, and what it is.
            pub const ALL: &[(&str, u64, &str)] = &[$((stringify!($name), $default, $about),)*];

            /// Sets the budget of that name; `false` if there is none.
            #[must_use]
            pub fn set(&mut self, name: &str, value: u64) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)*
                    _ => return false,
                }
                true
            }
        }
    };
}

limits! {
    objects = 10_000_000,
        "Objects (object headers) of a file. Products have thousands, archives of them a few hundred thousand.";
    links = 10_000_000,
        "Links of one group: those beyond, by name, are left out and reported.";
    messages = 250_000,
        "Header messages of one object, in all blocks of its header. libhdf5 moves links and attributes \
         elsewhere when there are more than 65,535 of either.";
    dimensions = 32,
        "Dimensions of a dataset. The format has no more than 32, nor did numpy until lately.";
    depth = 1_000,
        "Groups in each other: what is in the last of them is left out and reported. Products have fewer than 20.";
    problems = 250_000,
        "Problems of a file: what of it cannot be read. A file with more is broken as a whole.";
    chunks = 100_000_000,
        "Chunk records of a file. The largest granules known have some million.";
    steps = 100_000_000,
        "Steps of the walk: one for each block decoded, however often it is pointed to. There are fewer of \
         them than chunks.";
    block_bytes = 256 << 20,
        "Bytes of one block of metadata: what a size field may have read at once. Object headers of version 1 \
         end at 4 GiB, real ones below 1 MiB.";
    metadata_bytes = 16 << 30,
        "Bytes of metadata decoded in all. Blocks that overlap are stopped sooner: no file holds many times its \
         own length.";
    inflated_bytes = 64 << 20,
        "Bytes of metadata blocks that went through filters, as they are without them.";
    attribute_elements = 4_000_000,
        "Elements decoded in one attribute, variable-length ones counted.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_by_name() {
        let mut limits = Limits::default();
        for (name, default, about) in Limits::ALL {
            assert!(limits.set(name, *default) && about.ends_with('.'), "{name}");
        }
        assert_eq!(limits, Limits::default());
        assert!(limits.set("links", 7) && limits.links == 7);
        assert!(!limits.set("lynx", 7));
    }
}

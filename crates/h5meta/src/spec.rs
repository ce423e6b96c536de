//! The structures of the specification: the one registry that errors, documents and tests refer to.

use std::fmt;

macro_rules! structures {
    ($($variant:ident $name:literal $section:literal,)*) => {
        /// A structure of the HDF5 File Format Specification (format 4.0).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Structure {
            $(#[doc = concat!("The ", $name, " (section ", $section, ").")] $variant,)*
        }

        impl Structure {
            /// Every structure, in the order of the specification.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The structure's name, as the specification has it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The section of the specification that defines it.
            #[must_use]
            pub const fn section(self) -> &'static str {
                match self { $(Self::$variant => $section,)* }
            }
        }
    };
}

structures! {
    Superblock "superblock" "II.A",
    SuperblockExtension "superblock extension" "II.C",
    DriverInfo "driver information" "II.B",
    BtreeV1 "version 1 B-tree node" "III.A.1",
    BtreeV2 "version 2 B-tree" "III.A.2",
    SymbolTableNode "symbol table node" "III.B",
    LocalHeap "local heap" "III.D",
    GlobalHeap "global heap collection" "III.E",
    VirtualDataset "global heap block for virtual datasets" "III.F",
    FractalHeap "fractal heap" "III.G",
    SharedMessageTable "shared object header message table" "III.I",
    ObjectHeader "object header" "IV.A.1",
    Dataspace "dataspace message" "IV.A.2.b",
    LinkInfo "link info message" "IV.A.2.c",
    Datatype "datatype message" "IV.A.2.d",
    FillValueOld "fill value (old) message" "IV.A.2.e",
    FillValue "fill value message" "IV.A.2.f",
    Link "link message" "IV.A.2.g",
    ExternalFiles "external data files message" "IV.A.2.h",
    Layout "data layout message" "IV.A.2.i",
    FilterPipeline "filter pipeline message" "IV.A.2.l",
    Attribute "attribute message" "IV.A.2.m",
    Continuation "object header continuation message" "IV.A.2.q",
    SymbolTable "symbol table message" "IV.A.2.r",
    BtreeK "B-tree K values message" "IV.A.2.t",
    AttributeInfo "attribute info message" "IV.A.2.v",
    FileSpaceInfo "file space info message" "IV.A.2.x",
    CacheImage "metadata cache image" "IV.A.2.y",
    SharedMessage "shared message" "IV.A.2 (shared)",
    UnknownMessage "header message that is passed over" "IV.A.2",
    ChunkIndex "chunk index" "VII",
    FixedArray "fixed array" "VII.C",
    ExtensibleArray "extensible array" "VII.D",
    Selection "dataspace selection" "VIII.A",
    Reference "reference" "VIII.B, VIII.C",
    Data "raw data" "IV.A.2.i",
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

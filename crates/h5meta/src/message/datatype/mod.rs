//! The datatype message: what one element is.
//!
//! Spec: IV.A.2.d, "The Datatype Message".

mod decode;

/// What one element is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datatype {
    /// Bytes of one element.
    pub size: u32,
    /// What the bytes mean.
    pub class: Class,
}

/// A datatype's class and its properties, by the specification's class numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// Class 0, fixed-point: an integer.
    Integer {
        /// Which bits of the element hold the value.
        bits: Bits,
        /// Whether it is two's complement.
        signed: bool,
    },
    /// Class 1, floating-point.
    Float {
        /// Which bits of the element hold the value.
        bits: Bits,
        /// Where its parts are.
        float: Float,
    },
    /// Class 2, time: never well defined.
    Time {
        /// Which bits of the element hold the value.
        bits: Bits,
    },
    /// Class 3, a string of fixed length.
    String(StringType),
    /// Class 4, bits without a number.
    BitField {
        /// Which bits of the element are used.
        bits: Bits,
    },
    /// Class 5, bytes without a meaning.
    Opaque {
        /// What the writer called them.
        tag: Vec<u8>,
    },
    /// Class 6, named members at offsets.
    Compound {
        /// In the order of the file.
        members: Vec<Member>,
    },
    /// Class 7, a reference to an object or to a region of one.
    Reference(ReferenceKind),
    /// Class 8, named values of an integer type.
    Enum {
        /// The integer type.
        base: Box<Datatype>,
        /// Names and values, the values as stored in the base type.
        members: Vec<(Vec<u8>, Vec<u8>)>,
    },
    /// Class 9, a sequence in the global heap.
    VariableLength {
        /// What each element of the sequence is.
        base: Box<Datatype>,
    },
    /// Class 9, a string in the global heap.
    VariableString(StringType),
    /// Class 10, a fixed number of elements of another type.
    Array {
        /// Elements along each dimension.
        shape: Vec<u32>,
        /// What each element is.
        base: Box<Datatype>,
    },
    /// Class 11, a complex number: two elements of a floating-point type (HDF5 2.0).
    Complex {
        /// What each part is.
        base: Box<Datatype>,
    },
    /// A type inside more others than are kept: whoever looks into types may recurse.
    TooDeep {
        /// The specification's number of its class.
        class: u8,
    },
}

/// Which bits of an element hold its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// The order of the element's bytes.
    pub order: ByteOrder,
    /// The first bit used, counted from the least significant.
    pub offset: u16,
    /// How many bits are used.
    pub precision: u16,
}

impl Bits {
    /// Whether the value fills all of an element of `size` bytes.
    #[must_use]
    pub fn fill(self, size: u32) -> bool {
        self.offset == 0 && u64::from(self.precision) == u64::from(size).saturating_mul(8)
    }
}

/// The order of an element's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant first.
    Little,
    /// Most significant first.
    Big,
    /// Little-endian pairs of bytes, the most significant pair first (floating-point only).
    Vax,
}

/// Where the parts of a floating-point number are, in bits from the least significant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Float {
    /// The sign bit.
    pub sign: u8,
    /// The exponent's first bit.
    pub exponent: u8,
    /// The exponent's bits.
    pub exponent_size: u8,
    /// The mantissa's first bit.
    pub mantissa: u8,
    /// The mantissa's bits.
    pub mantissa_size: u8,
    /// What the stored exponent is too large by.
    pub exponent_bias: u32,
    /// Whether the mantissa's first one-bit is left out.
    pub implied_bit: bool,
}

/// How a string ends and what its bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StringType {
    /// 0 a NUL ends it, 1 NULs fill it up, 2 spaces fill it up.
    pub padding: u8,
    /// 0 ASCII, 1 UTF-8.
    pub character_set: u8,
}

/// A compound's member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name as stored.
    pub name: Vec<u8>,
    /// Where it starts in the compound, in bytes.
    pub offset: u32,
    /// What it is.
    pub datatype: Datatype,
}

/// What a reference refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferenceKind {
    /// An object, by its header's address.
    Object,
    /// A region of a dataset, through the global heap.
    Region,
    /// A reference of HDF5 1.12 and later (object, region or attribute).
    Typed(u8),
}

impl Datatype {
    /// The specification's number of the class.
    #[must_use]
    pub const fn class_number(&self) -> u8 {
        match self.class {
            Class::Integer { .. } => 0,
            Class::Float { .. } => 1,
            Class::Time { .. } => 2,
            Class::String(_) => 3,
            Class::BitField { .. } => 4,
            Class::Opaque { .. } => 5,
            Class::Compound { .. } => 6,
            Class::Reference(_) => 7,
            Class::Enum { .. } => 8,
            Class::VariableLength { .. } | Class::VariableString(_) => 9,
            Class::Array { .. } => 10,
            Class::Complex { .. } => 11,
            Class::TooDeep { class } => class,
        }
    }

    /// What the class is called, in a word.
    #[must_use]
    pub fn class_name(&self) -> &'static str {
        const NAMES: [&str; 12] = [
            "integer",
            "float",
            "time",
            "string",
            "bitfield",
            "opaque",
            "compound",
            "reference",
            "enum",
            "vlen",
            "array",
            "complex",
        ];
        NAMES.get(usize::from(self.class_number())).copied().unwrap_or("unknown")
    }

    /// Whether an element's bytes are, in part or whole, an ID of something in the global heap.
    #[must_use]
    pub fn uses_global_heap(&self) -> bool {
        match &self.class {
            Class::VariableLength { .. } | Class::VariableString(_) => true,
            Class::Reference(kind) => *kind != ReferenceKind::Object,
            Class::Compound { members } => {
                members.iter().any(|member| member.datatype.uses_global_heap())
            }
            Class::Array { base, .. } => base.uses_global_heap(),
            _ => false,
        }
    }
}

"""Every filter that is undone, in its modes: of each dataset `x` there is `x_plain`, contiguous, of the same bytes."""

import ctypes

import hdf5plugin
import numpy as np
from h5py import h5d, h5s, h5t, h5z

from common import compact_root, create, hid, libhdf5, makes
from storage import creation

INTEGERS = ("i1", "<i2", ">u2", "<i4", ">i4", "<u8", ">i8")
FLOATS = ("<f4", ">f4", "<f8", ">f8")


def new(path):
    # The chunk indexes of libhdf5 1.10 are smaller, and this is about what they point to.
    return create(path, libver=("v110", "v110"), file_creation=compact_root)


def smooth(count, dtype="<i4"):
    """Numbers that hardly change from one to the next."""
    n = np.arange(count)
    return (n * n % 7 + n // 9).astype(dtype)


def noise(count, dtype="<i4", seed=0):
    """Bytes that no filter makes fewer."""
    dtype = np.dtype(dtype)
    return np.random.default_rng(seed).integers(0, 256, count * dtype.itemsize, "u1").view(dtype)


def both(f, name, data, chunks, filters, datatype=None):
    """A dataset that `filters` sets the filters of, and one without any of the bytes that libhdf5 reads of it."""
    data = np.ascontiguousarray(data)
    datatype = datatype or h5t.py_create(data.dtype, logical=True)
    dcpl = creation(chunks)
    filters(dcpl)
    space = h5s.create_simple(data.shape)
    # What is in memory as it is in the file is converted nowhere.
    made = h5d.create(f.id, name.encode(), datatype, space, dcpl)
    made.write(h5s.ALL, h5s.ALL, data, mtype=datatype)
    # Closed, for what was written is in its chunk cache as it was before the filters.
    del made
    again = h5d.open(f.id, name.encode())
    read = np.zeros(data.shape, f"V{datatype.get_size()}")
    again.read(h5s.ALL, h5s.ALL, read, mtype=datatype)
    plain = h5d.create(f.id, f"{name}_plain".encode(), datatype, space, creation())
    plain.write(h5s.ALL, h5s.ALL, read, mtype=datatype)


def plugin(options, *before):
    """The filter of hdf5plugin's options, after those that `before` sets."""
    options = dict(options)

    def filters(dcpl):
        for each in before:
            each(dcpl)
        dcpl.set_filter(options["compression"], h5z.FLAG_OPTIONAL, options["compression_opts"])

    return filters


def shuffle(dcpl):
    dcpl.set_shuffle()


def fletcher32(dcpl):
    dcpl.set_fletcher32()


@makes("filter_szip_nn.h5")
def szip_nn(path):
    """Shows: szip with prediction: elements of 1, 2, 4 and 8 bytes and of odd precisions, both byte orders, lines that are no whole number of blocks, long runs of zeros, noise; after shuffle."""
    with new(path) as f:
        szip(f, h5z.SZIP_NN_OPTION_MASK)


@makes("filter_szip_ec.h5")
def szip_ec(path):
    """Shows: the same without prediction."""
    with new(path) as f:
        szip(f, h5z.SZIP_EC_OPTION_MASK)


def szip(f, option):
    def of(block):
        return lambda dcpl: dcpl.set_szip(option, block)

    for dtype in INTEGERS + ("<f4", ">f8"):
        name = np.dtype(dtype).str[1:] + ("_be" if dtype[0] == ">" else "_le")
        both(f, name, smooth(11 * 19, dtype).reshape(11, 19), (8, 11), of(8))
    both(f, "long_lines", smooth(2 * 300, "<i2").reshape(2, 300), (2, 280), of(2))
    both(f, "noise", noise(300, "<i2"), (128,), of(16))
    runs = np.zeros(5000, "u1")
    runs[[700, 2500, 2501, 4990]] = 1, 200, 3, 255
    both(f, "runs", runs, (4600,), of(32))
    both(f, "steps", runs.astype(">i2").cumsum(dtype=">i2")[:2600], (2500,), of(4))
    both(f, "pairs", (noise(400, "u1") % 2).astype("<u2"), (150,), of(10))
    extremes = smooth(300, "<u2")
    extremes[::20] = np.resize(np.array([65535, 0, 32767, 32768, 65534], "<u2"), 15)
    both(f, "extremes", extremes, (150,), of(8))
    for bits in 3, 12, 20:
        datatype = (h5t.STD_U8LE if bits < 8 else h5t.STD_U16LE if bits < 16 else h5t.STD_U32LE).copy()
        datatype.set_precision(bits)
        data = smooth(400, f"<u{datatype.get_size()}") % (1 << bits)
        both(f, f"{bits}_bits", data, (150,), of(8), datatype)
    both(f, "after_shuffle", smooth(300), (130,), lambda dcpl: (shuffle(dcpl), of(8)(dcpl)))


def nbit_filter(dcpl):
    libhdf5("H5Pset_nbit", hid(dcpl))


@makes("filter_nbit.h5")
def nbit(path):
    """Shows: nbit: integers and floating-point numbers of odd precisions and offsets in both byte orders; arrays, compounds, strings and each in the other; a type whose bits are all used."""
    with new(path) as f:
        integers = {
            "i1": (h5t.STD_I8LE, 5, 1),
            "u2_le": (h5t.STD_U16LE, 11, 3),
            "i2_be": (h5t.STD_I16BE, 12, 0),
            "i4_le": (h5t.STD_I32LE, 17, 9),
            "u4_be": (h5t.STD_U32BE, 8, 8),
            "i8_le": (h5t.STD_I64LE, 50, 7),
            "u8_be": (h5t.STD_U64BE, 33, 15),
            "one_bit": (h5t.STD_U8LE, 1, 7),
        }
        types = {}
        for name, (datatype, precision, offset) in integers.items():
            types[name] = datatype.copy()
            types[name].set_precision(precision)
            types[name].set_offset(offset)
        for name, datatype in ("f4_le", h5t.IEEE_F32LE), ("f4_be", h5t.IEEE_F32BE):
            types[name] = datatype.copy()
            # The sign at bit 26, six bits of exponent, thirteen of mantissa; then what these leave out.
            types[name].set_fields(26, 20, 6, 7, 13)
            types[name].set_offset(7)
            types[name].set_precision(20)
            types[name].set_size(4)
        types["f8_le"] = h5t.IEEE_F64LE.copy()
        types["f8_le"].set_fields(55, 46, 9, 5, 41)
        types["f8_le"].set_offset(5)
        types["f8_le"].set_precision(51)
        types["f8_le"].set_size(8)
        types["array"] = h5t.array_create(types["u2_le"], (3, 2))
        text = h5t.C_S1.copy()
        text.set_size(5)
        types["compound"] = compound(19, (1, types["i2_be"]), (4, types["i4_le"]), (9, text), (15, types["u4_be"]))
        types["array_of_compound"] = h5t.array_create(compound(6, (0, types["i1"]), (2, types["i4_le"])), (2,))
        types["compound_of_arrays"] = compound(18, (0, h5t.array_create(types["i2_be"], (3,))), (7, h5t.array_create(text, (2,))))
        types["array_of_array"] = h5t.array_create(h5t.array_create(types["i1"], (2,)), (3,))
        # Nothing after the array: what libhdf5 2.0 writes then, it does not read.
        types["compound_of_all"] = compound(20, (1, types["u4_be"]), (6, types["array_of_compound"]))
        types["all_bits"] = h5t.STD_I16LE
        types["array_of_all_bits"] = h5t.array_create(h5t.STD_I16BE, (3,))
        for name, datatype in types.items():
            both(f, name, noise(33, f"V{datatype.get_size()}"), (15,), nbit_filter, datatype)


def compound(size, *members):
    datatype = h5t.create(h5t.COMPOUND, size)
    for offset, member in members:
        datatype.insert(b"at_%d" % offset, offset, member)
    return datatype


@makes("filter_scaleoffset.h5")
def scaleoffset(path):
    """Shows: scale-offset: integers of every size and byte order, of as few bits as they take or a user says; floating-point numbers with decimal places; with a fill value, without, of nothing else; what gets no smaller."""
    with new(path) as f:
        for dtype in ("i1", "u1") + INTEGERS[1:]:
            fill = np.array(7, dtype)
            name = np.dtype(dtype).str[1:] + ("_be" if dtype[0] == ">" else "_le")
            data = smooth(70, dtype) * np.array(2, dtype) - np.array(0 if "u" in dtype else 30, dtype)
            data[[3, 4, 40]] = 7
            both(f, f"{name}_fill", data, (32,), scaled(h5z.SO_INT, 0, fill))
            # No partial chunk: what is not the dataset's is then anything.
            both(f, f"{name}_no_fill", data, (35,), scaled(h5z.SO_INT, 0, None))
            both(f, f"{name}_noise", noise(40, dtype), (32,), scaled(h5z.SO_INT, 0, fill))
        for name, value in ("constant", -5), ("all_fill", 7):
            data = np.full(40, value, "<i4")
            both(f, f"{name}_fill", data, (32,), scaled(h5z.SO_INT, 0, np.array(7, "<i4")))
            both(f, f"{name}_no_fill", data, (20,), scaled(h5z.SO_INT, 0, None))
        # Six bits, and the whole 16, with which nothing is done.
        for bits in 6, 16:
            both(f, f"{bits}_bits", smooth(60, "<i2"), (32,), scaled(h5z.SO_INT, bits, np.array(0, "<i2")))
        for dtype in FLOATS:
            name = np.dtype(dtype).str[1:] + ("_be" if dtype[0] == ">" else "_le")
            data = (np.sin(np.arange(70)) * 123.456).astype(dtype)
            data[[3, 4, 40]] = -99.5
            for places in 0, 1, 2, 3:
                fill = np.array(-99.5, dtype) if places % 2 else None
                chunks = (35,) if fill is None else (32,)
                both(f, f"{name}_{places}", data, chunks, scaled(h5z.SO_FLOAT_DSCALE, places, fill))
            wide = np.array([1e30, -1e30, 0, 5] * 10, dtype)
            both(f, f"{name}_wide", wide, (32,), scaled(h5z.SO_FLOAT_DSCALE, 2, np.array(0, dtype)))


def scaled(scaling, factor, fill):
    def filters(dcpl):
        if fill is None:
            libhdf5("H5Pset_fill_value", hid(dcpl), ctypes.c_int64(-1), None)
        else:
            dcpl.set_fill_value(fill)
        dcpl.set_scaleoffset(scaling, factor)

    return filters


@makes("filter_lzf.h5")
def lzf(path):
    """Shows: LZF: numbers of every size, long runs, a chunk that LZF does not shrink, after shuffle, between shuffle and fletcher32."""
    lzf = plugin({"compression": h5z.FILTER_LZF, "compression_opts": ()})
    with new(path) as f:
        for dtype in "u1", "<i2", ">i4", "<f8":
            name = np.dtype(dtype).str[1:]
            both(f, name, smooth(500, dtype), (190,), lzf)
        both(f, "runs", np.repeat(smooth(5, "u1"), 700), (2000,), lzf)
        mixed = np.concatenate([noise(300, "u1"), np.zeros(300, "u1")])
        both(f, "noise_and_zeros", mixed, (200,), lzf)
        both(f, "after_shuffle", smooth(500), (190,), lambda p: (shuffle(p), lzf(p)))
        both(f, "before_fletcher32", smooth(500), (190,), lambda p: (shuffle(p), lzf(p), fletcher32(p)))
        both(f, "after_fletcher32", smooth(500), (190,), lambda p: (fletcher32(p), lzf(p)))
        both(f, "rank_2", smooth(21 * 33).reshape(21, 33), (8, 10), lzf)


@makes("filter_lz4.h5")
def lz4(path):
    """Shows: LZ4: one block and several, of which the last is shorter, and some are stored as they are."""
    with new(path) as f:
        for dtype in "u1", "<i2", ">i4", "<f8":
            both(f, np.dtype(dtype).str[1:], smooth(500, dtype), (190,), plugin(hdf5plugin.LZ4()))
        both(f, "blocks", smooth(1200), (450,), plugin(hdf5plugin.LZ4(nbytes=512)))
        mixed = np.concatenate([noise(700, "u1"), np.zeros(700, "u1"), noise(130, "u1")])
        both(f, "noise_and_zeros", mixed, (1500,), plugin(hdf5plugin.LZ4(nbytes=400)))
        both(f, "after_shuffle", smooth(500), (190,), plugin(hdf5plugin.LZ4(), shuffle))
        both(f, "after_fletcher32", smooth(500), (190,), plugin(hdf5plugin.LZ4(nbytes=256), fletcher32))


@makes("filter_bitshuffle.h5")
def bitshuffle(path):
    """Shows: bitshuffle: alone, with LZ4 and with Zstandard; elements of every size; whole blocks, shorter ones, and elements that are over of eight."""
    with new(path) as f:
        for cname in "none", "lz4", "zstd":
            for dtype in "u1", "<i2", ">i4", "<f8":
                name = f"{cname}_{np.dtype(dtype).str[1:]}"
                both(f, name, smooth(365, dtype), (171,), plugin(hdf5plugin.Bitshuffle(cname=cname)))
            both(f, f"{cname}_blocks", smooth(365), (171,), plugin(hdf5plugin.Bitshuffle(nelems=32, cname=cname)))
            both(f, f"{cname}_few", smooth(10), (5,), plugin(hdf5plugin.Bitshuffle(cname=cname)))
            both(f, f"{cname}_eight", smooth(16, "<u2"), (8,), plugin(hdf5plugin.Bitshuffle(cname=cname)))
            both(f, f"{cname}_noise", noise(100), (60,), plugin(hdf5plugin.Bitshuffle(cname=cname)))
            odd = noise(200, "V3", 3)
            odd[20:150] = odd[0]
            both(f, f"{cname}_three_bytes", odd, (90,), plugin(hdf5plugin.Bitshuffle(nelems=16, cname=cname)), opaque(3))


def opaque(size):
    return h5t.create(h5t.OPAQUE, size)


@makes("filter_zstd.h5")
def zstd(path):
    """Shows: Zstandard: low and high levels, long runs, noise, after shuffle and fletcher32."""
    with new(path) as f:
        for dtype in "u1", "<i2", ">i4", "<f8":
            both(f, np.dtype(dtype).str[1:], smooth(500, dtype), (190,), plugin(hdf5plugin.Zstd()))
        for level in 1, 10, 22:
            both(f, f"level_{level}", smooth(900), (700,), plugin(hdf5plugin.Zstd(clevel=level)))
        both(f, "runs", np.repeat(smooth(5, "u1"), 700), (2000,), plugin(hdf5plugin.Zstd()))
        both(f, "noise", noise(300, "u1"), (200,), plugin(hdf5plugin.Zstd()))
        both(f, "skewed", noise(3000, "u1") // 32 * (noise(3000, "u1", 1) // 128), (2500,), plugin(hdf5plugin.Zstd()))
        both(f, "after_shuffle", smooth(500), (190,), plugin(hdf5plugin.Zstd(), shuffle))
        both(f, "after_fletcher32", smooth(500), (190,), plugin(hdf5plugin.Zstd(), fletcher32))


@makes("filter_bzip2.h5")
def bzip2(path):
    """Shows: bzip2: small and large blocks, long runs, noise, after shuffle and fletcher32."""
    with new(path) as f:
        for dtype in "u1", "<i2", ">i4", "<f8":
            both(f, np.dtype(dtype).str[1:], smooth(500, dtype), (190,), plugin(hdf5plugin.BZip2()))
        both(f, "small_blocks", smooth(900), (700,), plugin(hdf5plugin.BZip2(blocksize=1)))
        both(f, "runs", np.repeat(smooth(5, "u1"), 700), (2000,), plugin(hdf5plugin.BZip2()))
        both(f, "noise", noise(300, "u1"), (200,), plugin(hdf5plugin.BZip2()))
        both(f, "after_shuffle", smooth(500), (190,), plugin(hdf5plugin.BZip2(), shuffle))
        both(f, "after_fletcher32", smooth(500), (190,), plugin(hdf5plugin.BZip2(), fletcher32))


BLOSC = ("blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd")
SHUFFLES = {"none": hdf5plugin.Blosc.NOSHUFFLE, "shuffle": hdf5plugin.Blosc.SHUFFLE, "bits": hdf5plugin.Blosc.BITSHUFFLE}


@makes("filter_blosc.h5")
def blosc(path):
    """Shows: Blosc: its six compressors, each without shuffling and with that of bytes and of bits; elements of every size; chunks that are stored as they are."""
    with new(path) as f:
        for n, cname in enumerate(BLOSC):
            for m, (name, kind) in enumerate(SHUFFLES.items()):
                dtype = ("u1", "<i2", ">i4", "<f8")[(n + m) % 4]
                options = hdf5plugin.Blosc(cname=cname, clevel=9, shuffle=kind)
                both(f, f"{cname}_{name}", smooth(300, dtype), (140,), plugin(options))
        both(f, "noise", noise(300), (100,), plugin(hdf5plugin.Blosc()))
        both(f, "level_0", smooth(300), (100,), plugin(hdf5plugin.Blosc(clevel=0)))
        both(f, "small", smooth(10), (4,), plugin(hdf5plugin.Blosc()))
        for name, kind in SHUFFLES.items():
            odd = np.repeat(noise(40, "V3", 3), 10)
            both(f, f"three_bytes_{name}", odd, (333,), plugin(hdf5plugin.Blosc(shuffle=kind)), opaque(3))
        both(f, "seventeen_bytes", np.repeat(noise(9, "V17"), 20), (150,), plugin(hdf5plugin.Blosc()), opaque(17))


@makes("filter_blosc_blocks.h5")
def blosc_blocks(path):
    """Shows: Blosc chunks of several blocks, split into streams or not, of which the last block is shorter and not split."""
    with new(path) as f:
        for name, cname, dtype, kind in (
            ("shuffle", "blosclz", "<i2", "shuffle"),
            ("bits", "lz4", "<i4", "bits"),
        ):
            options = hdf5plugin.Blosc(cname=cname, clevel=1, shuffle=SHUFFLES[kind])
            size = 21_000 // np.dtype(dtype).itemsize
            both(f, name, (np.arange(size) // 37).astype(dtype), (size,), plugin(options))
        # A copy from further than 8191 bytes before.
        far = noise(400, "u1")
        far = np.concatenate([far, np.zeros(8300, "u1"), far])
        both(f, "far", far, (9100,), plugin(hdf5plugin.Blosc(cname="blosclz", clevel=9, shuffle=SHUFFLES["none"])))

// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/hdf5_types.h"

namespace txfm::io::hdf5 {
namespace {

/// Of an enumeration; HDF5 sorts them in quadratic time.
constexpr int kMostLabels = 1024;

/// Whether the significant bits of a number lie inside it.
bool bitsFit(hid_t type) {
    const size_t bits = 8 * H5Tget_size(type), precision = H5Tget_precision(type);
    const int offset = H5Tget_offset(type);
    return precision > 0 && precision <= bits && offset >= 0 && static_cast<size_t>(offset) <= bits - precision;
}

}  // namespace

ElementType describeType(hid_t type) {
    ElementType result;
    result.size = H5Tget_size(type);
    switch (H5Tget_class(type)) {
        case H5T_INTEGER:
            result.kind = H5Tget_sign(type) == H5T_SGN_NONE ? ElementKind::Unsigned : ElementKind::Signed;
            result.native = H5Tget_order(type) == H5T_ORDER_LE && H5Tget_precision(type) == 8 * result.size &&
                            (result.size == 1 || result.size == 2 || result.size == 4 || result.size == 8);
            break;
        case H5T_FLOAT:
            result.kind = ElementKind::Float;
            result.native = H5Tequal(type, H5T_IEEE_F32LE) > 0 || H5Tequal(type, H5T_IEEE_F64LE) > 0;
            break;
        case H5T_ENUM: {
            // h5py stores booleans as an enumeration of FALSE and TRUE over one byte.
            result.kind = result.size == 1 && H5Tget_nmembers(type) == 2 ? ElementKind::Boolean : ElementKind::Other;
            break;
        }
        case H5T_STRING: result.kind = ElementKind::String; break;
        case H5T_COMPOUND: result.kind = ElementKind::Compound; break;
        default: break;
    }
    return result;
}

bool partsFit(hid_t type) {
    const size_t size = H5Tget_size(type);
    switch (H5Tget_class(type)) {
        case H5T_COMPOUND:
            for (int i = 0, members = H5Tget_nmembers(type); i < members; ++i) {
                const Handle member(H5Tget_member_type(type, static_cast<unsigned>(i)));
                const size_t offset = H5Tget_member_offset(type, static_cast<unsigned>(i)), bytes = H5Tget_size(member);
                if (bytes == 0 || offset > size || bytes > size - offset || !partsFit(member)) return false;
            }
            return true;
        case H5T_ARRAY: {
            const Handle element(H5Tget_super(type));
            hsize_t extents[H5S_MAX_RANK] = {}, total = H5Tget_size(element);
            const int rank = H5Tget_array_ndims(type);
            if (rank < 1 || rank > H5S_MAX_RANK || H5Tget_array_dims2(type, extents) < 0) return false;
            for (int i = 0; i < rank; ++i)
                if (__builtin_mul_overflow(total, extents[i], &total)) return false;
            return total == size && partsFit(element);
        }
        case H5T_ENUM: return H5Tget_nmembers(type) <= kMostLabels && partsFit(Handle(H5Tget_super(type)));
        case H5T_INTEGER: return size <= sizeof(int64_t) && bitsFit(type);
        case H5T_FLOAT: {
            size_t sign = 0, exponent = 0, exponentBits = 0, mantissa = 0, mantissaBits = 0;
            if (H5Tget_fields(type, &sign, &exponent, &exponentBits, &mantissa, &mantissaBits) < 0) return false;
            const size_t bits = 8 * size;
            return size <= sizeof(long double) && bitsFit(type) && sign < bits && exponentBits > 0 && exponentBits < bits && exponent <= bits - exponentBits &&
                   mantissaBits > 0 && mantissaBits < bits && mantissa <= bits - mantissaBits;
        }
        default: return true;
    }
}

}  // namespace txfm::io::hdf5

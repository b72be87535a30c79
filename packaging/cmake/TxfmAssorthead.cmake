# SPDX-License-Identifier: GPL-3.0-or-later
#
# txfm::assorthead   the header-only libscran family (tatami, knncolle, umappp, qdtsne, irlba, scran_*)
# txfm::eigen        Eigen, the one these headers come with
#
# The source distribution lays all libraries out in one include folder, its Eigen 5.0 among them, and
# its headers are written against that Eigen. Two Eigens in one program would define the same templates
# differently, so everything here uses this one; Debian's Eigen 3.4 is never put on the include path.
#
# Include rules found with gcc 12: <optional> before topicks (a source of ours includes it first); raiigraph and
# scran_graph_cluster want igraph 1.0, Debian has 0.10, so igraph's C functions are called directly.
set(TXFM_ASSORTHEAD_INCLUDE "${TXFM_DEPS}/assorthead/src/assorthead/include")
if(NOT EXISTS "${TXFM_ASSORTHEAD_INCLUDE}/tatami/tatami.hpp")
    message(FATAL_ERROR "The libscran headers are not in ${TXFM_DEPS}/assorthead; run packaging/setup.sh, or "
        "point TXFM_DEPS to the folder that it filled.")
endif()

add_library(txfm_eigen INTERFACE)
add_library(txfm::eigen ALIAS txfm_eigen)
target_include_directories(txfm_eigen SYSTEM INTERFACE "${TXFM_ASSORTHEAD_INCLUDE}")

add_library(txfm_assorthead INTERFACE)
add_library(txfm::assorthead ALIAS txfm_assorthead)
target_link_libraries(txfm_assorthead INTERFACE txfm_eigen)

# SPDX-License-Identifier: GPL-3.0-or-later
#
# txfm::torch        LibTorch for C++, from the unpacked PyPI wheel in ${TXFM_DEPS}/site
# txfm::torch_c10d   the same with c10d over gloo (TCPStore, ProcessGroupGloo)
# TXFM_SITE          the folder the wheels were unpacked into
#
# Only torch_cpu and c10 are linked. libtorch_cuda is opened at run time where a GPU answers, so one
# build serves both kinds of machine. The linker must keep both libraries although few of their symbols
# are named (operators register themselves), hence --no-as-needed.
set(TXFM_SITE "${TXFM_DEPS}/site")
set(TXFM_TORCH_VERSION 2.11.0)
if(NOT EXISTS "${TXFM_SITE}/torch/lib/libtorch_cpu.so")
    message(FATAL_ERROR "LibTorch is not in ${TXFM_SITE}; run packaging/setup.sh, or point TXFM_DEPS to the "
        "folder that it filled.")
endif()
file(STRINGS "${TXFM_SITE}/torch/version.py" txfmTorchVersion REGEX "^__version__")
if(NOT txfmTorchVersion MATCHES "${TXFM_TORCH_VERSION}")
    message(FATAL_ERROR "LibTorch ${TXFM_TORCH_VERSION} is needed, but ${TXFM_SITE} holds another version "
        "(${txfmTorchVersion}); remove that folder and run packaging/setup.sh.")
endif()

foreach(library IN ITEMS torch_cpu c10)
    add_library(txfm_site_${library} SHARED IMPORTED GLOBAL)
    set_target_properties(txfm_site_${library} PROPERTIES
        IMPORTED_LOCATION "${TXFM_SITE}/torch/lib/lib${library}.so")
endforeach()

add_library(txfm_torch INTERFACE)
add_library(txfm::torch ALIAS txfm_torch)
target_include_directories(txfm_torch SYSTEM INTERFACE
    "${TXFM_SITE}/torch/include"
    "${TXFM_SITE}/torch/include/torch/csrc/api/include")
target_link_libraries(txfm_torch INTERFACE
    -Wl,--push-state,--no-as-needed txfm_site_torch_cpu txfm_site_c10 -Wl,--pop-state Threads::Threads)
# libtorch_cpu finds libcudart and libcupti by its own run-time path; the linker needs telling.
target_link_options(txfm_torch INTERFACE "-Wl,-rpath-link,${TXFM_SITE}/nvidia/cu13/lib")

# The wheel ships c10d's headers without gloo's; Debian's libgloo-dev has them (headers only, the code
# is inside libtorch_cpu).
find_path(TXFM_GLOO_INCLUDE gloo/transport/device.h)
if(TXFM_GLOO_INCLUDE)
    add_library(txfm_torch_c10d INTERFACE)
    add_library(txfm::torch_c10d ALIAS txfm_torch_c10d)
    target_include_directories(txfm_torch_c10d SYSTEM INTERFACE "${TXFM_GLOO_INCLUDE}")
    target_compile_definitions(txfm_torch_c10d INTERFACE USE_DISTRIBUTED USE_C10D_GLOO)
    target_link_libraries(txfm_torch_c10d INTERFACE txfm_torch)
endif()

# SPDX-License-Identifier: GPL-3.0-or-later
#
# txfm_precompile(target set...): compiles the headers of other projects that most files of a target read once for all of
# them. Sets: Std, Torch, Qt, Test. A source still includes what it uses, so that it compiles with TXFM_PRECOMPILE=OFF too.
# txfm_reuse_precompiled(target from): takes those of another target, which must be compiled with the same options.
option(TXFM_PRECOMPILE "Compile the headers of other projects once per library" ON)

set(TXFM_HEADERS_Std <algorithm> <cmath> <cstdint> <filesystem> <fstream> <functional> <map> <memory> <mutex> <numeric> <optional>
    <set> <span> <string> <unordered_map> <utility> <variant> <vector> <nlohmann/json.hpp>)
set(TXFM_HEADERS_Torch <torch/types.h> <torch/csrc/autograd/custom_function.h>)
set(TXFM_HEADERS_Qt <QtConcurrent> <QtCore> <QtGui> <QtWidgets>)
set(TXFM_HEADERS_Test <QtTest>)

function(txfm_precompile target)
    if(NOT TXFM_PRECOMPILE)
        return()
    endif()
    foreach(set IN LISTS ARGN)
        foreach(header IN LISTS TXFM_HEADERS_${set})
            target_precompile_headers(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${header}>")
        endforeach()
    endforeach()
    target_compile_options(${target} PRIVATE ${TXFM_PRECOMPILE_OPTIONS})
endfunction()

function(txfm_reuse_precompiled target from)
    if(TXFM_PRECOMPILE)
        target_precompile_headers(${target} REUSE_FROM ${from})
        target_compile_options(${target} PRIVATE ${TXFM_PRECOMPILE_OPTIONS})
    endif()
endfunction()

# ccache needs to see in the preprocessed text that a precompiled header was read.
set(TXFM_PRECOMPILE_OPTIONS $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)

# SPDX-License-Identifier: GPL-3.0-or-later
# Compiler settings that every target shares.
add_compile_options(-Wall -Wextra -Wno-unused-parameter -Wno-psabi)
# gcc 12 warns about overlapping, oversized and misplaced copies in its own std::string where there are none (bugs 105329,
# 105651); in precompiled headers it no longer knows that they are the system's.
add_compile_options("$<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-array-bounds>")
add_compile_definitions(QT_NO_KEYWORDS)
if(TXFM_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()
find_program(TXFM_CCACHE ccache)
if(TXFM_CCACHE)
    # Paths below the source folder count as relative, so that another clone or work tree finds the same objects.
    set(txfmLauncher ${CMAKE_COMMAND} -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
        "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime" "${TXFM_CCACHE}")
    set(CMAKE_C_COMPILER_LAUNCHER ${txfmLauncher})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${txfmLauncher})
    set(CMAKE_CUDA_COMPILER_LAUNCHER ${txfmLauncher})
endif()

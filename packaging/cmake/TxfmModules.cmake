# SPDX-License-Identifier: GPL-3.0-or-later

# txfm_add_module(target folder...): adds every .cpp of the named folders (below the current source
# folder, not recursive) to the target. A new source file needs no edit of a CMake file.
function(txfm_add_module target)
    foreach(folder IN LISTS ARGN)
        file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp")
        target_sources(${target} PRIVATE ${sources})
    endforeach()
endfunction()

# txfm_add_reader(name [libraries...]): a reader plugin from all .cpp of the current folder.
function(txfm_add_reader name)
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
    add_library(reader_${name} MODULE ${sources})
    target_link_libraries(reader_${name} PRIVATE txfm_core ${ARGN})
    add_dependencies(reader_${name} txfm-probe)  # the library starts it before a reader sees an HDF5 file
    set_target_properties(reader_${name} PROPERTIES
        PREFIX "" OUTPUT_NAME "reader_${name}"
        LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/${TXFM_PLUGIN_SUBDIR}"
        INSTALL_RPATH "$ORIGIN/../..")
    set_property(GLOBAL APPEND PROPERTY TXFM_READERS reader_${name})
    install(TARGETS reader_${name} LIBRARY DESTINATION ${TXFM_PLUGIN_SUBDIR})
endfunction()

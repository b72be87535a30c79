# SPDX-License-Identifier: GPL-3.0-or-later
#
# What `cmake --install` adds to programs, libraries, plugins and resources: LibTorch's run-time
# libraries, desktop integration and licences. The installation runs without the build's folders.
include_guard(GLOBAL)
set(TXFM_APP_ID io.github.txfm_studio.TxFMStudio)
set(desktopFolder "${CMAKE_SOURCE_DIR}/packaging/desktop")

# --- Desktop integration ------------------------------------------------------------------------------
install(FILES "${desktopFolder}/${TXFM_APP_ID}.desktop" DESTINATION "${CMAKE_INSTALL_DATADIR}/applications")
install(FILES "${desktopFolder}/${TXFM_APP_ID}.metainfo.xml" DESTINATION "${CMAKE_INSTALL_DATADIR}/metainfo")
install(FILES "${desktopFolder}/${TXFM_APP_ID}.mime.xml" RENAME "${TXFM_APP_ID}.xml"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/mime/packages")
install(FILES "${CMAKE_SOURCE_DIR}/resources/icons/${TXFM_APP_ID}.svg"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps")

# --- Licences -----------------------------------------------------------------------------------------
install(FILES "${CMAKE_SOURCE_DIR}/LICENSE" "${CMAKE_SOURCE_DIR}/LICENSE.exception"
    "${CMAKE_SOURCE_DIR}/THIRD-PARTY.md" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY "${TXFM_SITE}/torch-${TXFM_TORCH_VERSION}.dist-info/"
    DESTINATION "${CMAKE_INSTALL_DOCDIR}/torch" FILES_MATCHING PATTERN "LICENSE*" PATTERN "NOTICE*")
file(GLOB nvidiaLicences "${TXFM_SITE}/nvidia_*.dist-info")
foreach(folder IN LISTS nvidiaLicences)
    get_filename_component(name "${folder}" NAME_WLE)
    install(DIRECTORY "${folder}/" DESTINATION "${CMAKE_INSTALL_DOCDIR}/${name}"
        FILES_MATCHING PATTERN "[Ll][Ii][Cc][Ee][Nn][Ss][Ee]*.txt")
endforeach()
install(DIRECTORY "${TXFM_DEPS}/assorthead/src/assorthead/licenses/" DESTINATION "${CMAKE_INSTALL_DOCDIR}/libscran")

# --- LibTorch -----------------------------------------------------------------------------------------
# Its libraries find each other by relative run-time paths, so the layout of the wheels is kept.
option(TXFM_INSTALL_TORCH "Install LibTorch's libraries with the program (off: use those in TXFM_DEPS)" ON)
if(TXFM_INSTALL_TORCH)
    set(siteDestination "${CMAKE_INSTALL_LIBDIR}/txfm/site")
    set(torchRunPath "$ORIGIN/txfm/site/torch/lib")
    install(FILES
        "${TXFM_SITE}/torch/lib/libtorch_cpu.so" "${TXFM_SITE}/torch/lib/libc10.so" "${TXFM_SITE}/torch/lib/libgomp.so.1"
        DESTINATION "${siteDestination}/torch/lib")
    install(FILES "${TXFM_SITE}/nvidia/cu13/lib/libcudart.so.13" "${TXFM_SITE}/nvidia/cu13/lib/libcupti.so.13"
        DESTINATION "${siteDestination}/nvidia/cu13/lib")
    # With the CUDA libraries in place (packaging/setup.sh --cuda) the installation can use a GPU.
    if(EXISTS "${TXFM_SITE}/nvidia/cudnn")
        install(DIRECTORY "${TXFM_SITE}/torch/lib/" DESTINATION "${siteDestination}/torch/lib"
            FILES_MATCHING PATTERN "libtorch_cuda*.so" PATTERN "libc10_cuda.so" PATTERN "libtorch_nvshmem.so"
            PATTERN "libcaffe2_nvrtc.so")
        install(DIRECTORY "${TXFM_SITE}/nvidia/" DESTINATION "${siteDestination}/nvidia"
            FILES_MATCHING PATTERN "*.so*")
    endif()
else()
    set(torchRunPath "${TXFM_SITE}/torch/lib")
endif()
foreach(library IN ITEMS txfm_ml txfm_workflow)
    if(TARGET ${library})
        set_property(TARGET ${library} APPEND PROPERTY INSTALL_RPATH "${torchRunPath}")
    endif()
endforeach()

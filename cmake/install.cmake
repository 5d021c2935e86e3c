# cmake --install: program, libraries, headers, pkg-config, CMake package, man pages, completion.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS halftone_cli halftone_run RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS halftone halftone_rt EXPORT halftone-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS halftone_static halftone_rt_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/halftone DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Users write find_package(halftone) and link halftone::halftone or halftone::halftone_rt.
set(PACKAGE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/halftone)
install(EXPORT halftone-targets NAMESPACE halftone:: DESTINATION ${PACKAGE_FOLDER} FILE halftone-config.cmake)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/halftone-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/halftone-config-version.cmake DESTINATION ${PACKAGE_FOLDER})

# The prefix is found from where the .pc file lies, so that `cmake --install --prefix` may choose it late.
file(RELATIVE_PATH PKGCONFIG_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" PKGCONFIG_TO_PREFIX "${PKGCONFIG_TO_PREFIX}")
list(JOIN PKGCONFIG_REQUIRES " " PKGCONFIG_REQUIRES_TEXT)
configure_file(cmake/halftone.pc.in ${CMAKE_BINARY_DIR}/halftone.pc @ONLY)
configure_file(cmake/halftone_rt.pc.in ${CMAKE_BINARY_DIR}/halftone_rt.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/halftone.pc ${CMAKE_BINARY_DIR}/halftone_rt.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The program writes its own man pages and completion; the list of verbs is the one in cli/verbs.h.
file(READ cli/verbs.h VERBS)
string(REGEX MATCHALL " X\\([a-z]+\\)" VERBS "${VERBS}")
list(TRANSFORM VERBS REPLACE " X\\(([a-z]+)\\)" "\\1")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS cli/verbs.h)
set(MANUAL_FOLDER ${CMAKE_BINARY_DIR}/man)
set(MANUAL_COMMANDS COMMAND halftone_cli help --man > ${MANUAL_FOLDER}/halftone.1)
foreach(verb ${VERBS})
  list(APPEND MANUAL_COMMANDS COMMAND halftone_cli help --man ${verb} > ${MANUAL_FOLDER}/halftone-${verb}.1)
endforeach()
add_custom_command(OUTPUT ${MANUAL_FOLDER}/halftone.1 ${MANUAL_FOLDER}/completion.bash
  COMMAND ${CMAKE_COMMAND} -E make_directory ${MANUAL_FOLDER} ${MANUAL_COMMANDS}
  COMMAND halftone_cli help --completion bash > ${MANUAL_FOLDER}/completion.bash
  DEPENDS halftone_cli)
add_custom_target(manuals ALL DEPENDS ${MANUAL_FOLDER}/halftone.1)
install(DIRECTORY ${MANUAL_FOLDER}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(FILES ${MANUAL_FOLDER}/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME halftone)

# Every tests/<folder>/test_<name>.c and src/<folder>/**/test.c is a program of its own; tests/**/*.sh are checks of
# the built tree.
enable_testing()
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
if(NOT CMOCKA_FOUND)
  message(STATUS "cmocka is not installed: the tests are not built ('tools/bootstrap test' installs it)")
  return()
endif()

file(GLOB_RECURSE TESTS CONFIGURE_DEPENDS tests/test_*.c src/*/test.c)
if(NOT HALFTONE_WITH_SQLITE)
  list(FILTER TESTS EXCLUDE REGEX "tests/study/")
endif()
foreach(test ${TESTS})
  file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${test})
  if((NOT HALFTONE_WITH_ONNX AND name MATCHES "^tests/onnx/") OR
     (NOT HALFTONE_WITH_TFLITE AND name MATCHES "^tests/tflite/"))
    continue()
  endif()
  string(REGEX REPLACE "^(tests|src)/|(test_|/test)?\\.c$" "" name ${name})
  string(REGEX REPLACE "[/]" "_" name ${name})
  string(REPLACE "test_" "" name ${name})
  add_executable(test_${name} ${test})
  target_link_libraries(test_${name} PRIVATE halftone_static PkgConfig::CMOCKA)
  if(name MATCHES "^cli_")
    target_link_libraries(test_${name} PRIVATE halftone_cli_objects)
  endif()
  target_include_directories(test_${name} PRIVATE tests)
  add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endforeach()

# Scripts find the program as $HALFTONE and the build folder as $BUILD; 77 means skipped.
file(GLOB SCRIPTS CONFIGURE_DEPENDS tests/*/test_*.sh)
if(HALFTONE_SANITIZE)
  # Programs outside this build would have to be linked with the sanitizer too.
  list(FILTER SCRIPTS EXCLUDE REGEX "tests/install/")
endif()
foreach(script ${SCRIPTS})
  file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/tests ${script})
  string(REGEX REPLACE "/test_|\\.sh$" "_" name ${name})
  string(REGEX REPLACE "_$" "" name ${name})
  add_test(NAME ${name} COMMAND ${script} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77
    ENVIRONMENT "HALFTONE=$<TARGET_FILE:halftone_cli>;BUILD=${CMAKE_BINARY_DIR};CC=${CMAKE_C_COMPILER}")
endforeach()
set_tests_properties(docs_pages docs_readme docs_demo docs_quantize_in_ci report_page checker_aarch64 checker_armhf checker_riscv64 onnx_oracle onnx_accuracy tflite_oracle
  integer_oracle PROPERTIES LABELS slow)
set_tests_properties(onnx_conformance onnx_external onnx_packed PROPERTIES LABELS slow)

# Checks of the source tree itself.
add_test(NAME check_deps COMMAND tools/check-deps WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})

# The checker once more (see runtime.cmake), with the variants that libhalftone adds.
add_executable(halftone_check ${CHECKER_SOURCES})
target_link_libraries(halftone_check PRIVATE halftone_static)
target_include_directories(halftone_check PRIVATE tests/checker)
add_test(NAME halftone_check COMMAND halftone_check --cases 40)
# Threads that wait give their core to the other tests.
set_tests_properties(halftone_check PROPERTIES ENVIRONMENT "OMP_WAIT_POLICY=passive")

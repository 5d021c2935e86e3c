# -DHALFTONE_FUZZ=ON builds a program per fuzz/fuzz_<target>.c: with libFuzzer where the compiler is clang, else with the driver in
# fuzz/standalone.c, as the preset asan does: its tests call each target with every file of its corpus, where inputs lie that once
# did harm, and a second of mutations. For more, with clang and -DHALFTONE_SANITIZE=address,undefined,fuzzer-no-link, give the
# program a copy of the corpus.
file(GLOB FUZZ_TARGETS CONFIGURE_DEPENDS fuzz/fuzz_*.c)
foreach(target ${FUZZ_TARGETS})
  get_filename_component(name ${target} NAME_WE)
  add_executable(${name} ${target})
  target_link_libraries(${name} PRIVATE halftone_static)
  if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE fuzz/standalone.c)
    # A second of mutations of the target's own corpus, where it has one.
    string(REPLACE "fuzz_" "" corpus ${name})
    if(HALFTONE_TESTS AND IS_DIRECTORY ${CMAKE_SOURCE_DIR}/fuzz/corpus/${corpus})
      add_test(NAME ${name} COMMAND ${name} fuzz/corpus/${corpus} --seconds 1 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    endif()
  endif()
endforeach()

# -DHALFTONE_FUZZ=ON builds a program per fuzz/fuzz_<target>.c: with libFuzzer where the compiler is clang, else with the driver in
# fuzz/standalone.c. Use it with -DHALFTONE_SANITIZE=address,undefined.
file(GLOB FUZZ_TARGETS CONFIGURE_DEPENDS fuzz/fuzz_*.c)
foreach(target ${FUZZ_TARGETS})
  get_filename_component(name ${target} NAME_WE)
  add_executable(${name} ${target})
  target_link_libraries(${name} PRIVATE halftone_static)
  if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE fuzz/standalone.c)
  endif()
endforeach()

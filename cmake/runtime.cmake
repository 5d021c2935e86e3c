# libhalftone_rt: what a device needs. Compiled on its own, since its thread pool is ours and not OpenMP's.
find_package(Threads REQUIRED)
foreach(folder base cpu numeric kernels run)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/${folder}/*.c)
  list(APPEND RUNTIME_SOURCES ${sources})
endforeach()
# src/**/test.c are test programs; oneDNN's variants are host code inside the kernel folders.
list(FILTER RUNTIME_SOURCES EXCLUDE REGEX "/test\\.c$")
set(ONEDNN_SOURCES ${RUNTIME_SOURCES})
list(FILTER ONEDNN_SOURCES INCLUDE REGEX "onednn")
list(FILTER RUNTIME_SOURCES EXCLUDE REGEX "onednn")

# Register tiles are unrolled so far that instrumenting them takes minutes. The checker holds what they read and write
# between guard pages instead, in every build.
if(HALFTONE_SANITIZE)
  set(TILE_SOURCES ${RUNTIME_SOURCES})
  list(FILTER TILE_SOURCES INCLUDE REGEX "_product_(amx|avx2|avx512|avx512vnni|avxvnni|fma)\\.c$|avx512(vnni)?\\.c$")
  set_source_files_properties(${TILE_SOURCES} PROPERTIES COMPILE_OPTIONS -fno-sanitize=all)
endif()

add_library(halftone_rt_objects OBJECT ${RUNTIME_SOURCES})
target_link_libraries(halftone_rt_objects PUBLIC halftone_flags Threads::Threads m)
add_library(halftone_rt SHARED)
target_link_libraries(halftone_rt PRIVATE halftone_rt_objects)
add_library(halftone_rt_static STATIC)
target_link_libraries(halftone_rt_static PUBLIC halftone_rt_objects)

# halftone-run: a static program for devices. Sections of their own let the linker leave out what it does not call.
target_compile_options(halftone_rt_objects PRIVATE -ffunction-sections -fdata-sections)
add_executable(halftone_run cli-run/main.c)
set_target_properties(halftone_run PROPERTIES OUTPUT_NAME halftone-run)
target_link_libraries(halftone_run PRIVATE halftone_rt_static)
if(NOT HALFTONE_SANITIZE)
  target_link_options(halftone_run PRIVATE -static -Wl,--gc-sections)
endif()

# The checker holds every kernel variant against its family's reference; here those that the runtime has on its own.
if(HALFTONE_TESTS)
  enable_testing()
  file(GLOB CHECKER_SOURCES CONFIGURE_DEPENDS tests/checker/*.c)
  add_executable(halftone_check_rt ${CHECKER_SOURCES})
  target_link_libraries(halftone_check_rt PRIVATE halftone_rt_static)
  target_include_directories(halftone_check_rt PRIVATE tests/checker)
  add_test(NAME halftone_check_rt COMMAND halftone_check_rt --cases 12)
endif()

# Sources made by the build: files compiled into the library, and the readers of protobuf messages.
set(GENERATED_FOLDER ${CMAKE_BINARY_DIR}/generated)
set(GENERATED_SOURCES "")
file(MAKE_DIRECTORY ${GENERATED_FOLDER})

add_executable(embed tools/embed.c)

# Chart.js, for reports that open offline: one file, as Debian ships it.
find_file(CHART_JS chart.min.js PATHS /usr/share/javascript/chart.js NO_DEFAULT_PATH REQUIRED)
add_custom_command(OUTPUT ${GENERATED_FOLDER}/chart_js.c
  COMMAND embed bytes ht__chart_js ${CHART_JS} ${GENERATED_FOLDER}/chart_js.c
  DEPENDS embed ${CHART_JS} VERBATIM)
list(APPEND GENERATED_SOURCES ${GENERATED_FOLDER}/chart_js.c)

# share/datasets/*.yaml: a table of name and text, declared in src/data/builtin.h.
if(EXISTS ${CMAKE_SOURCE_DIR}/src/data/builtin.h)
  file(GLOB DATASET_FILES CONFIGURE_DEPENDS share/datasets/*.yaml)
  add_custom_command(OUTPUT ${GENERATED_FOLDER}/datasets.c
    COMMAND embed table ht__builtin_datasets ${GENERATED_FOLDER}/datasets.c ${DATASET_FILES}
    DEPENDS embed ${DATASET_FILES} VERBATIM)
  list(APPEND GENERATED_SOURCES ${GENERATED_FOLDER}/datasets.c)
endif()

# src/formats/onnx/onnx.proto becomes generated/onnx.pb.{c,h}; sizes and callbacks come from onnx.options beside it.
set(ONNX_PROTO ${CMAKE_SOURCE_DIR}/src/formats/onnx/onnx.proto)
if(HALFTONE_WITH_ONNX AND EXISTS ${ONNX_PROTO})
  find_program(PROTOC protoc REQUIRED)
  find_program(PROTOC_GEN_NANOPB protoc-gen-nanopb REQUIRED)
  file(GLOB ONNX_OPTIONS src/formats/onnx/onnx.options)
  add_custom_command(OUTPUT ${GENERATED_FOLDER}/onnx.pb.c ${GENERATED_FOLDER}/onnx.pb.h
    COMMAND ${PROTOC} --plugin=protoc-gen-nanopb=${PROTOC_GEN_NANOPB} --proto_path=.
            --nanopb_out=${GENERATED_FOLDER} onnx.proto
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/src/formats/onnx
    DEPENDS ${ONNX_PROTO} ${ONNX_OPTIONS} VERBATIM)
  set_source_files_properties(${GENERATED_FOLDER}/onnx.pb.c PROPERTIES COMPILE_OPTIONS -w)
  list(APPEND GENERATED_SOURCES ${GENERATED_FOLDER}/onnx.pb.c ${GENERATED_FOLDER}/onnx.pb.h)
endif()

# src/formats/tflite/schema.fbs becomes generated/schema_generated.h, which flat.cc includes: the library's one C++ source.
# It uses nothing of the C++ library. It is compiled by a rule of its own, because CMake would otherwise link everything
# that contains its object as C++.
if(HALFTONE_WITH_TFLITE)
  set(TFLITE_SCHEMA ${CMAKE_SOURCE_DIR}/src/formats/tflite/schema.fbs)
  set(TFLITE_FLAGS -std=c++17 -Wall -Wextra -Wpedantic -Wshadow -Werror -fno-exceptions -fno-rtti -fPIC
    -fvisibility=hidden -g -O2)
  if(HALFTONE_SANITIZE)
    list(APPEND TFLITE_FLAGS -fsanitize=${HALFTONE_SANITIZE} -fno-sanitize=vptr -fno-omit-frame-pointer)
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      list(APPEND TFLITE_FLAGS -fno-sanitize=function) # its check needs the C++ runtime
    endif()
  endif()
  add_custom_command(OUTPUT ${GENERATED_FOLDER}/schema_generated.h
    COMMAND ${FLATC} --cpp --reflect-names --scoped-enums -o ${GENERATED_FOLDER} ${TFLITE_SCHEMA}
    DEPENDS ${TFLITE_SCHEMA} VERBATIM)
  add_custom_command(OUTPUT ${GENERATED_FOLDER}/flat.o
    COMMAND ${CMAKE_CXX_COMPILER} ${TFLITE_FLAGS} -I${CMAKE_SOURCE_DIR}/include -I${CMAKE_SOURCE_DIR}/src
            -isystem ${GENERATED_FOLDER} -idirafter ${FLATBUFFERS_INCLUDE_DIR} -MD -MF flat.d -MT generated/flat.o
            -c ${CMAKE_SOURCE_DIR}/src/formats/tflite/flat.cc -o flat.o
    WORKING_DIRECTORY ${GENERATED_FOLDER}
    DEPENDS ${GENERATED_FOLDER}/schema_generated.h ${CMAKE_SOURCE_DIR}/src/formats/tflite/flat.cc
    DEPFILE ${GENERATED_FOLDER}/flat.d VERBATIM)
  set_source_files_properties(${GENERATED_FOLDER}/flat.o PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  list(APPEND GENERATED_OBJECTS ${GENERATED_FOLDER}/flat.o)
endif()

# src/report/page: the report's page, declared in src/report/page.h; page.html becomes ht__page_page_html.
file(GLOB PAGE_FILES CONFIGURE_DEPENDS src/report/page/*)
foreach(page_file ${PAGE_FILES})
  get_filename_component(page_name ${page_file} NAME)
  string(REPLACE "." "_" page_name ${page_name})
  add_custom_command(OUTPUT ${GENERATED_FOLDER}/page_${page_name}.c
    COMMAND embed bytes ht__page_${page_name} ${page_file} ${GENERATED_FOLDER}/page_${page_name}.c
    DEPENDS embed ${page_file} VERBATIM)
  list(APPEND GENERATED_SOURCES ${GENERATED_FOLDER}/page_${page_name}.c)
endforeach()

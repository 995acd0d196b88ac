# SPDX-License-Identifier: MIT
# What a room may declare. The link lines of the rooms are the architecture: a room names only rooms
# left of it (DESIGN: base <- wire <- crypto <- {ike, esp} <- gateway <- {endpoint, sim}).

include(GNUInstallDirs)
include(GoogleTest)

add_library(ikelab_flags INTERFACE)
target_compile_options(ikelab_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees uninitialised members, overruns and overlaps in moved variants, vectors and strings
  # that are none (PR 105562, PR 105651).
  target_compile_options(ikelab_flags INTERFACE -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow
                         -Wno-stringop-overread -Wno-restrict)
endif()
if(IKELAB_WERROR)
  target_compile_options(ikelab_flags INTERFACE -Werror)
endif()
if(IKELAB_SANITIZE)
  target_compile_options(ikelab_flags INTERFACE -fsanitize=${IKELAB_SANITIZE} -fno-sanitize-recover=all
                                                -fno-omit-frame-pointer)
  target_link_options(ikelab_flags INTERFACE -fsanitize=${IKELAB_SANITIZE})
endif()
if(IKELAB_FUZZ)
  target_compile_options(ikelab_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# ikelab_room(wire SOURCES a.cc b.cc DEPENDS base LIBRARIES fmt::fmt)
# COMPONENT ns3 for what needs the simulator; all else is of the component core.
function(ikelab_room name)
  cmake_parse_arguments(ROOM "" "COMPONENT" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  if(NOT ROOM_COMPONENT)
    set(ROOM_COMPONENT core)
  endif()
  # What find_package(ikelab COMPONENTS ...) gives to others: all rooms of a component at once.
  if(NOT TARGET ikelab_${ROOM_COMPONENT})
    add_library(ikelab_${ROOM_COMPONENT} INTERFACE)
    add_library(ikelab::${ROOM_COMPONENT} ALIAS ikelab_${ROOM_COMPONENT})
  endif()
  add_library(ikelab_${name} STATIC ${ROOM_SOURCES})
  add_library(ikelab::${name} ALIAS ikelab_${name})
  set_target_properties(ikelab_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(ikelab_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/model>
                                                   $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/ikelab>)
  target_compile_features(ikelab_${name} PUBLIC cxx_std_20)
  target_link_libraries(ikelab_${name} PRIVATE $<BUILD_INTERFACE:ikelab_flags> PUBLIC ${ROOM_LIBRARIES})
  foreach(room IN LISTS ROOM_DEPENDS)
    target_link_libraries(ikelab_${name} PUBLIC ikelab_${room})
  endforeach()
  target_link_libraries(ikelab_${ROOM_COMPONENT} INTERFACE ikelab_${name})
  install(TARGETS ikelab_${name} EXPORT ikelab-${ROOM_COMPONENT}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${ROOM_COMPONENT})
  # The include lines of the headers begin with the room, here as there.
  install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ikelab/${name}
          COMPONENT ${ROOM_COMPONENT}
          FILES_MATCHING PATTERN "*.h" PATTERN testing EXCLUDE PATTERN "fuzz_*" EXCLUDE
          PATTERN "*_impl.h" EXCLUDE PATTERN "*_internal.h" EXCLUDE PATTERN sample_messages.h EXCLUDE)
endfunction()

# What a quarter of the compiling of a test would go into, parsed once for all test programs. Whoever configures with
# CMAKE_DISABLE_PRECOMPILE_HEADERS (the presets debug and fuzz do) sees whether each file includes what it uses.
function(ikelab_test_options target)
  # Half of all compiling would be optimising what runs once; the rooms under test stay as they are for others.
  if(IKELAB_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  else()
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  if(NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    # Without these ccache takes a precompiled header for new whenever it was written anew.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
                                             "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
  endif()
endfunction()

function(ikelab_test_headers)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/test_headers.cc CONTENT "")
  add_library(ikelab_test_headers OBJECT EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/test_headers.cc)
  target_link_libraries(ikelab_test_headers PRIVATE ikelab_flags GTest::gmock ikelab_base)
  ikelab_test_options(ikelab_test_headers)
  target_precompile_headers(ikelab_test_headers PRIVATE
    <algorithm> <array> <chrono> <functional> <map> <memory> <optional> <set> <span> <sstream> <string> <string_view>
    <utility> <variant> <vector> <fmt/format.h> <gmock/gmock.h> <gtest/gtest.h> <tl/expected.hpp>)
endfunction()

# ikelab_test(wire SOURCES a_test.cc ROOMS wire LABELS interop): one GoogleTest program <name>_test
function(ikelab_test name)
  cmake_parse_arguments(TEST "" "TIMEOUT" "SOURCES;ROOMS;LIBRARIES;LABELS" ${ARGN})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  add_executable(${name}_test ${TEST_SOURCES})
  target_link_libraries(${name}_test PRIVATE ikelab_flags GTest::gmock GTest::gtest_main ${TEST_LIBRARIES})
  ikelab_test_options(${name}_test)
  if(NOT TARGET ikelab_test_headers)
    ikelab_test_headers()
  endif()
  target_precompile_headers(${name}_test REUSE_FROM ikelab_test_headers)
  target_compile_definitions(${name}_test PRIVATE IKELAB_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                                  IKELAB_BINARY_DIR="${PROJECT_BINARY_DIR}")
  foreach(room IN LISTS TEST_ROOMS)
    target_link_libraries(${name}_test PRIVATE ikelab_${room})
  endforeach()
  # Names without values: those have addresses in them, other ones in each process.
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST
                       PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS "${TEST_LABELS}")
endfunction()

# ikelab_bench(decode SOURCES decode_bench.cc ROOMS wire): Google Benchmark program build/<preset>/bench/decode
function(ikelab_bench name)
  if(NOT IKELAB_BENCH)
    return()
  endif()
  cmake_parse_arguments(BENCH "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_executable(bench_${name} ${BENCH_SOURCES})
  set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name}
                        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  target_link_libraries(bench_${name} PRIVATE ikelab_flags benchmark::benchmark ${BENCH_LIBRARIES})
  foreach(room IN LISTS BENCH_ROOMS)
    target_link_libraries(bench_${name} PRIVATE ikelab_${room})
  endforeach()
endfunction()

# ikelab_fuzz(ike_message SOURCES fuzz_ike_message.cc ROOMS wire): a libFuzzer program when IKELAB_FUZZ is on.
# The source defines `extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t)` over a function of
# octets that the GoogleTest corpus run calls too.
function(ikelab_fuzz name)
  if(NOT IKELAB_FUZZ)
    return()
  endif()
  cmake_parse_arguments(FUZZ "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_executable(fuzz_${name} ${FUZZ_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE ikelab_flags ${FUZZ_LIBRARIES})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  foreach(room IN LISTS FUZZ_ROOMS)
    target_link_libraries(fuzz_${name} PRIVATE ikelab_${room})
  endforeach()
endfunction()

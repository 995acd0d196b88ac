# SPDX-License-Identifier: MIT
# What `cmake --install` leaves beside the rooms (rooms.cmake) and the command: the CMake package, so
# that others write find_package(ikelab COMPONENTS core ns3), and examples of its use.
include(CMakePackageConfigHelpers)

set(ikelab_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ikelab)
set(ikelab_components core)
if(IKELAB_NS3)
  list(APPEND ikelab_components ns3)
  target_link_libraries(ikelab_ns3 INTERFACE ikelab_core)
endif()
foreach(component IN LISTS ikelab_components)
  set_target_properties(ikelab_${component} PROPERTIES EXPORT_NAME ${component})
  install(TARGETS ikelab_${component} EXPORT ikelab-${component} COMPONENT ${component})
  install(EXPORT ikelab-${component} NAMESPACE ikelab:: DESTINATION ${ikelab_package_dir} COMPONENT ${component})
endforeach()
if(IKELAB_SANITIZE)
  # Who links sanitized libraries needs the sanitizer's own.
  target_link_options(ikelab_core INTERFACE $<INSTALL_INTERFACE:-fsanitize=${IKELAB_SANITIZE}>)
endif()

configure_package_config_file(tools/ikelabConfig.cmake.in ${PROJECT_BINARY_DIR}/package/ikelabConfig.cmake
                              INSTALL_DESTINATION ${ikelab_package_dir})
# Before 1.0 a new minor version may change what is there.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/ikelabConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/ikelabConfig.cmake
              ${PROJECT_BINARY_DIR}/package/ikelabConfigVersion.cmake
        DESTINATION ${ikelab_package_dir} COMPONENT core)
install(DIRECTORY tools/examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/ikelab/examples COMPONENT core)
install(FILES tools/ikelab/gateway.json DESTINATION ${CMAKE_INSTALL_DATADIR}/ikelab/examples COMPONENT command)

add_test(NAME tools.install_test
         COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/tools/install_test.py
                 ${PROJECT_BINARY_DIR} ${CMAKE_CXX_COMPILER} ${ikelab_components})
# Of all the longest: what starts last would end alone.
set_tests_properties(tools.install_test PROPERTIES TIMEOUT 300 COST 100)

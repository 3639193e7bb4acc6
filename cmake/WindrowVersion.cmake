# Version and git commit, as results record them. Written at configure time into a header of the build tree; the commit is read
# again at each build, so that a result never names a stale one.
file(WRITE ${CMAKE_BINARY_DIR}/generated/version.cmake [[
execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
                OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT COMMIT)
  set(COMMIT unknown)
endif()
set(TEXT "#pragma once\n#define WINDROW_VERSION \"${VERSION}\"\n#define WINDROW_COMMIT \"${COMMIT}\"\n")
set(OLD "")
if(EXISTS ${OUT})
  file(READ ${OUT} OLD)
endif()
if(NOT OLD STREQUAL TEXT)
  file(WRITE ${OUT} "${TEXT}")
endif()
]])
set(_version_header ${CMAKE_BINARY_DIR}/generated/windrow_version.hpp)
add_custom_target(windrow_version BYPRODUCTS ${_version_header}
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION} -DOUT=${_version_header}
          -P ${CMAKE_BINARY_DIR}/generated/version.cmake VERBATIM)

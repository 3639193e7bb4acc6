# What every target is compiled with. Results must not depend on the compiler's taste: no contraction, no fast-math.
add_library(windrow_options INTERFACE)
target_compile_options(windrow_options INTERFACE -ffp-contract=off -Wall -Wextra -Wconversion -Wshadow)
if(WINDROW_WERROR)
  target_compile_options(windrow_options INTERFACE -Werror)
endif()
if(WINDROW_SANITIZE)
  target_compile_options(windrow_options INTERFACE -fsanitize=${WINDROW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    -Wno-maybe-uninitialized)  # g++ sees it where the instrumentation hides the initialisation
  target_link_options(windrow_options INTERFACE -fsanitize=${WINDROW_SANITIZE})
endif()
find_program(CCACHE ccache)
if(CCACHE)
  # It fails where it cannot write its folder, as for an account without a home: then the compiler runs by itself.
  file(WRITE ${CMAKE_BINARY_DIR}/generated/ccache.cpp "")
  execute_process(COMMAND ${CCACHE} ${CMAKE_CXX_COMPILER} -c ccache.cpp -o ccache.o WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/generated
                  RESULT_VARIABLE ccache_status OUTPUT_QUIET ERROR_QUIET)
  if(ccache_status EQUAL 0)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  endif()
endif()

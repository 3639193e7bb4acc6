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
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

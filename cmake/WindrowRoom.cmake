# One static library per room: src/<room>/**.cpp, public headers in include/windrow/<room>/.
function(windrow_room room)
  cmake_parse_arguments(ARG "" "" "USES;PRIVATE_USES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.cpp)
  if(NOT sources)
    add_library(windrow_${room} INTERFACE)
    target_include_directories(windrow_${room} INTERFACE ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(windrow_${room} INTERFACE ${ARG_USES} windrow_options)
  else()
    add_library(windrow_${room} STATIC ${sources})
    target_include_directories(windrow_${room} PUBLIC ${CMAKE_SOURCE_DIR}/include PRIVATE ${CMAKE_SOURCE_DIR}/src
                               ${CMAKE_BINARY_DIR}/generated)
    target_link_libraries(windrow_${room} PUBLIC ${ARG_USES} PRIVATE windrow_options ${ARG_PRIVATE_USES})
    add_dependencies(windrow_${room} windrow_version)
  endif()
  add_library(windrow::${room} ALIAS windrow_${room})
endfunction()

# The program build/bin/windrow from src/cli, everything but main.cpp also as a library for tests.
function(windrow_program)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/*.cpp)
  list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/src/cli/main.cpp)
  if(NOT sources)
    return()
  endif()
  add_library(windrow_cli STATIC ${sources})
  add_library(windrow::cli ALIAS windrow_cli)
  target_include_directories(windrow_cli PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(windrow_cli PUBLIC windrow::exec windrow::store windrow::sweep windrow::training windrow::spot windrow::dispatch windrow::empty
                        PRIVATE windrow_options Boost::program_options nlohmann_json::nlohmann_json spdlog::spdlog)
  add_dependencies(windrow_cli windrow_version)
  add_executable(windrow ${CMAKE_SOURCE_DIR}/src/cli/main.cpp)
  target_include_directories(windrow PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(windrow PRIVATE windrow_cli windrow_options)
  add_dependencies(windrow windrow_version)

  include(GNUInstallDirs)
  install(TARGETS windrow)
  # What the program prints of itself, where shells and man look for it.
  install(CODE "
    foreach(what \"completion bash|windrow|${CMAKE_INSTALL_DATADIR}/bash-completion/completions\"
                 \"completion zsh|_windrow|${CMAKE_INSTALL_DATADIR}/zsh/site-functions\"
                 \"completion fish|windrow.fish|${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d\"
                 \"help --man|windrow.1|${CMAKE_INSTALL_MANDIR}/man1\")
      string(REPLACE \"|\" \";\" what \"\${what}\")
      list(POP_FRONT what arguments name folder)
      separate_arguments(arguments)
      set(file \"${CMAKE_BINARY_DIR}/generated/\${name}\")
      execute_process(COMMAND \"$<TARGET_FILE:windrow>\" \${arguments} OUTPUT_FILE \"\${file}\" COMMAND_ERROR_IS_FATAL ANY)
      file(INSTALL \"\${file}\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/\${folder}\")
    endforeach()")
  foreach(data configs slurm sweeps traces)  # found by the program as ../share/windrow
    if(IS_DIRECTORY ${CMAKE_SOURCE_DIR}/${data})
      install(DIRECTORY ${data} DESTINATION ${CMAKE_INSTALL_DATADIR}/windrow)
    endif()
  endforeach()
  if(IS_DIRECTORY ${CMAKE_SOURCE_DIR}/analysis)  # what `windrow report` runs, and pip installs
    install(DIRECTORY analysis DESTINATION ${CMAKE_INSTALL_DATADIR}/windrow
            PATTERN __pycache__ EXCLUDE PATTERN tests EXCLUDE)
  endif()
endfunction()

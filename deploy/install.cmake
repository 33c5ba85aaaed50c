# What `cmake --install` brings, by the names of GNU's folders. Component `program` is what the image
# takes; the rest is for a host. Man pages are made where scdoc is.
include(GNUInstallDirs)

install(TARGETS usher usher-sandbox DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT program)
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT program)
install(FILES config/usher.yaml DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples" COMPONENT host)

# ---- systemd -----------------------------------------------------------------------------------

# The file names /usr/local/bin; what is installed names the folder of this build.
function(usher_install_unit name folder)
    file(READ "${CMAKE_SOURCE_DIR}/deploy/systemd/${name}" text)
    string(REPLACE "/usr/local/bin/" "${CMAKE_INSTALL_FULL_BINDIR}/" text "${text}")
    file(CONFIGURE OUTPUT "install/${name}" CONTENT "${text}" @ONLY)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/install/${name}" DESTINATION "${folder}"
        COMPONENT host)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "deploy/systemd/${name}")
endfunction()

usher_install_unit(usher.service lib/systemd/system)
install(FILES deploy/systemd/usher.sysusers DESTINATION lib/sysusers.d RENAME usher.conf
    COMPONENT host)

# ---- man pages and completions -----------------------------------------------------------------

set(made "")
find_program(SCDOC scdoc)
if(SCDOC)
    file(GLOB pages CONFIGURE_DEPENDS deploy/man/*.scd)
    foreach(page IN LISTS pages)
        get_filename_component(name "${page}" NAME_WLE) # usher-run.1
        string(REGEX MATCH "[0-9]$" section "${name}")
        set(output "${CMAKE_CURRENT_BINARY_DIR}/install/man/${name}")
        add_custom_command(OUTPUT "${output}" DEPENDS "${page}" VERBATIM
            COMMAND "${CMAKE_COMMAND}" -E make_directory
                "${CMAKE_CURRENT_BINARY_DIR}/install/man"
            COMMAND "${CMAKE_COMMAND}" "-DSCDOC=${SCDOC}" "-DPAGE=${page}" "-DOUTPUT=${output}"
                -P "${CMAKE_SOURCE_DIR}/deploy/man/page.cmake")
        list(APPEND made "${output}")
        install(FILES "${output}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}"
            COMPONENT host)
    endforeach()
else()
    message(STATUS "No scdoc: the man pages are left out. apt-get install scdoc brings it.")
endif()

# The program writes them, so it has to run without what sanitizers and coverage want.
if(NOT sanitize AND NOT USHER_ALLOC_FAULTS)
    set(zsh_folder "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
    if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
        set(zsh_folder "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions") # Debian's own
    endif()
    foreach(shell bash zsh fish)
        set(output "${CMAKE_CURRENT_BINARY_DIR}/install/usher.${shell}")
        add_custom_command(OUTPUT "${output}" DEPENDS usher VERBATIM
            COMMAND usher completion ${shell} > "${output}")
        list(APPEND made "${output}")
    endforeach()
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/install/usher.bash"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME usher
        COMPONENT host)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/install/usher.zsh"
        DESTINATION "${zsh_folder}" RENAME _usher COMPONENT host)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/install/usher.fish"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" COMPONENT host)
endif()

add_custom_target(usher_install_files ALL DEPENDS ${made})

# cmake -DSCDOC=… -DPAGE=usher.1.scd -DOUTPUT=usher.1 -P page.cmake: scdoc reads standard input.
execute_process(COMMAND "${SCDOC}" INPUT_FILE "${PAGE}" OUTPUT_FILE "${OUTPUT}"
    RESULT_VARIABLE failed)
if(failed)
    file(REMOVE "${OUTPUT}")
    message(FATAL_ERROR "scdoc refuses ${PAGE}")
endif()
